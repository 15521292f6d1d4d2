import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LetterReader, type LetterReading } from '../../src/pipeline/letter-lines.js'
import type { RejectedLetter, RejectionReason } from '../../src/records.js'
import { REDACT_ALL, Redactor, SHOW_ALL } from '../../src/redact/redactor.js'
import { CORRELATION_ID, clientHalf, eventLine, infoLine, targetHalf, timestamp } from '../support/lines.js'

const KEY = new Uint8Array(32)
const PATH = '/logs/edgemicro-gw-1-1-api.log'
const redactor = new Redactor(REDACT_ALL, KEY)

function letterOf(text: string, reason: RejectionReason = 'bad_field'): RejectedLetter {
  return { kind: 'rejected', reason, text, position: { source: PATH, offset: 40 }, gateway: 'gw-1' }
}

const reader = (settings = REDACT_ALL): LetterReader =>
  new LetterReader({ redactor: new Redactor(settings, KEY), proxies: [] })

/** A line as its letter holds it. */
const replayed = (line: string, reason?: RejectionReason): LetterReading =>
  reader().read(letterOf(redactor.rejected(line), reason))

function failureOf(reading: LetterReading) {
  if (reading.kind !== 'failure' || reading.document.kind !== 'failure') throw new Error(`no failure: ${reading.kind}`)
  return reading.document
}

describe('a rejected line that this version can use', () => {
  test('gives its half by the id of its failure; what was hidden is unknown', () => {
    const { id, document } = failureOf(replayed(clientHalf({ at: 5 })))
    expect(id).toBe(CORRELATION_ID)
    expect(document).toMatchObject({
      '@timestamp': timestamp(5),
      http: { request: { id: CORRELATION_ID, method: 'GET' }, response: { status_code: 502 } },
      url: { path: null },
      client: { ip: null },
      error: { code: 'ECONNRESET', message: 'socket hang up' },
      edgemicro: {
        ...{ target: null, target_source: 'unknown', proxy: null, org: null, env: null, gateway: 'gw-1', worker: '3' },
        ...{ halves: 'client', client_key: null },
      },
      log: { file: { path: PATH }, offset: 40 },
    })
    expect(JSON.stringify(document)).not.toContain('***')
  })

  test('of a target names no target that was hidden, and no time', () => {
    const { document } = failureOf(replayed(targetHalf({ timeTakenMs: '60012' })))
    expect(document.edgemicro).toMatchObject({ halves: 'target', target: null, target_source: 'unknown' })
    expect(document.edgemicro.target_halves).toMatchObject([{ role: 'request_error', host: null, elapsed_ms: null }])
    const short = failureOf(replayed(targetHalf({ timeTakenMs: '395' }))).document
    expect(short.edgemicro.target_halves).toMatchObject([{ elapsed_ms: 395 }])
    const none = failureOf(replayed(targetHalf({ timeTakenMs: '' }))).document
    expect(none.edgemicro.target_halves).toMatchObject([{ elapsed_ms: 0 }])
  })

  test('gives all that stood in it where nothing was hidden', () => {
    const { document } = failureOf(reader(SHOW_ALL).read(letterOf(targetHalf())))
    expect(document).toMatchObject({
      url: { path: '/v2/orders/94976/detail' },
      edgemicro: { target: '10.0.0.9:8080', target_source: 'log', org: 'acme-eval', env: 'test', proxy: 'v2/orders' },
    })
  })

  test('stores nothing where it is a request, or a record of text: requests are not counted again', () => {
    for (const line of [infoLine(), eventLine({ level: 'debug', status: '' }), `${timestamp()} info 3 started`]) {
      expect(replayed(line)).toEqual({ kind: 'understood' })
    }
  })
})

describe('a rejected line remains', () => {
  test('where this version cannot use it either', () => {
    expect(replayed(eventLine({ level: 'loud' }), 'bad_level')).toEqual({ kind: 'rejected', reason: 'bad_level' })
    expect(replayed(eventLine().slice(0, -9), 'unterminated')).toMatchObject({ kind: 'rejected' })
    expect(replayed('some text', 'no_record')).toMatchObject({ kind: 'rejected', reason: 'no_record' })
    expect(replayed('', 'control_bytes')).toMatchObject({ kind: 'rejected' })
  })

  test('where its letter holds the begin of it only', () => {
    expect(reader().read({ ...letterOf(clientHalf()), cut: true })).toEqual({ kind: 'cut' })
    expect(reader().read(letterOf(clientHalf(), 'too_long'))).toEqual({ kind: 'cut' })
    const older = `${clientHalf({ message: 'x'.repeat(70_000) })}`.slice(0, 65_536)
    expect(reader().read(letterOf(older))).toEqual({ kind: 'cut' })
  })

  test('where its id was hidden, for it would be another failure', () => {
    expect(replayed(clientHalf({ correlationId: 'order-12345' }))).toEqual({ kind: 'masked' })
    expect(replayed(clientHalf({ correlationId: '' }))).toEqual({ kind: 'masked' })
  })

  test('where nobody knows any more in which way it was to be read', () => {
    expect(replayed(clientHalf(), 'ambiguous')).toEqual({ kind: 'masked' })
  })

  test('where what says that it is a half was hidden', () => {
    expect(replayed(targetHalf({ message: 'targetRequest broke' }))).toEqual({ kind: 'masked' })
    expect(replayed(targetHalf({ component: 'another-plugin' }))).toEqual({ kind: 'masked' })
  })
})

describe('the text of an attacker', () => {
  test.each([
    ["a container's JSON", JSON.stringify({ log: `${clientHalf()}\n`, stream: 'stdout', time: timestamp() })],
    ["a container's line", `${timestamp()} stdout F ${clientHalf()}`],
  ])('is not opened a second time: %s', (_, text) => {
    expect(reader(SHOW_ALL).read(letterOf(text, 'bad_envelope')).kind).not.toBe('failure')
  })

  test('that holds lines of its own makes no failures of them', () => {
    const text = `${clientHalf()}\n${clientHalf({ correlationId: '11111111-1111-4111-8111-111111111111' })}`
    expect(reader(SHOW_ALL).read(letterOf(text))).toMatchObject({ kind: 'rejected', reason: 'bad_field' })
  })

  test('never becomes a value that was not in the line, and never an error', () => {
    const piece = fc.oneof(
      fc.constantFrom('][', '[', ']', '***', '[***]', '\n', '\0', CORRELATION_ID, 'microgateway-core', 'GET', '502'),
      fc.string({ maxLength: 12, unit: 'binary' }),
    )
    const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(hostile, hostile, hostile, (url, host, errorMessage) => {
        const line = clientHalf({ url, host, errorMessage })
        const reading = replayed(line)
        if (reading.kind !== 'failure') return
        const { id, document } = failureOf(reading)
        expect(id).toBe(CORRELATION_ID)
        expect(document.http.response.status_code).toBe(502)
        expect(JSON.stringify(document)).not.toContain('***')
      }),
    )
  })
})
