import fc from 'fast-check'
import { clientHalf, type EventSketch, infoLine, targetHalf } from '../support/lines.js'

/** One line of one gateway, and when it was written. */
export interface WrittenLine {
  /** Milliseconds behind `T0`. */
  readonly at: number
  readonly gateway: string
  readonly text: string
  /** Seen again it changes nothing, while a line of traffic would be counted again. */
  readonly isHalf: boolean
}

type Write = (sketch: EventSketch) => string

const KINDS = [
  'served',
  'both',
  'target only',
  'client only',
  'late client',
  'body cut',
  'client gone',
  'no match',
] as const

/** The join's window of these tests, in milliseconds. */
export const WINDOW_MS = 5_000

/** Requests over `spanMs`, of two gateways with three workers each, as their lines in the order of time. */
export const linesOver = (spanMs: number): fc.Arbitrary<readonly WrittenLine[]> =>
  fc
    .array(
      fc.record({
        id: fc.uuid(),
        at: fc.nat({ max: spanMs }),
        gateway: fc.constantFrom('a', 'b'),
        pid: fc.constantFrom('1', '2', '3'),
        kind: fc.constantFrom(...KINDS),
        proxy: fc.constantFrom('orders', 'v1/users'),
      }),
      { minLength: 1, maxLength: 40 },
    )
    .map((requests) => requests.flatMap(linesOf).sort((a, b) => a.at - b.at))

interface Request {
  readonly id: string
  readonly at: number
  readonly gateway: string
  readonly pid: string
  readonly kind: (typeof KINDS)[number]
  readonly proxy: string
}

function linesOf({ id, at, gateway, pid, kind, proxy }: Request): WrittenLine[] {
  const host = proxy === 'orders' ? '10.0.0.9:8080' : '10.0.0.10:8080'
  const line = (write: Write, afterMs: number, sketch: EventSketch = {}, isHalf = true): WrittenLine => ({
    at: at + afterMs,
    gateway,
    text: write({ at: at + afterMs, correlationId: id, pid, url: `${proxy}/17?a=b`, ...sketch }),
    isHalf,
  })
  const request = line(infoLine, 0, { host }, false)
  const target = line(targetHalf, 100, { host })
  switch (kind) {
    case 'served':
      return [
        request,
        line(infoLine, 200, { host, message: 'targetResponse', status: '200', timeTakenMs: '200' }, false),
      ]
    case 'both':
      return [request, target, line(clientHalf, 101)]
    case 'target only':
      return [request, target]
    case 'client only':
      return [request, line(clientHalf, 101)]
    case 'late client':
      return [request, target, line(clientHalf, 100 + 4 * WINDOW_MS)]
    case 'body cut':
      return [
        request,
        target,
        line(clientHalf, 101),
        line(targetHalf, 102, { host, message: 'targetResponse error', status: '200', errorMessage: 'aborted' }),
        line(targetHalf, 103, { host, message: 'targetResponse aborted', errorMessage: '', errorCode: '' }),
      ]
    case 'client gone':
      return [
        request,
        line(infoLine, 99, { message: CLIENT_GONE, status: '499', timeTakenMs: '99' }),
        target,
        line(clientHalf, 101),
      ]
    case 'no match':
      return [
        line(clientHalf, 0, {
          url: '',
          clientIp: '',
          clientId: '',
          correlationId: '',
          status: '404',
          errorMessage: 'no match found',
          errorCode: '',
        }),
      ]
  }
}

const CLIENT_GONE = 'sourceResponse on close, source request aborted - abort target request'
