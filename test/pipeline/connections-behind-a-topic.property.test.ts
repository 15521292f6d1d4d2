import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeFailureDocuments } from '../../src/pipeline/document.js'
import { REPLAY_HORIZON_MS } from '../../src/pipeline/partition.js'
import { Processor } from '../../src/pipeline/processor.js'
import type { FailureDocument, LineSource } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { T0 } from '../support/documents.js'
import { blockOf, infoLine, logSource, targetHalf, timestamp } from '../support/lines.js'
import { randomOf } from '../support/random-resets.js'

const MINUTE_MS = 60_000
const LENGTH_MS = 90 * MINUTE_MS
const LINES_OF_BLOCK = 5
const redactor = new Redactor(REDACT_ALL, Buffer.from('secret'))

interface Line {
  readonly at: number
  /** Place in the file. */
  readonly offset: number
  readonly text: string
}

interface Gateway {
  readonly seed: number
  /** Mean time between two requests of one worker. */
  readonly everyMs: number
  readonly writesCloses: boolean
}

const API = { url: 'v2/orders/1', clientId: '' }

/** A gateway with two workers, one of which is replaced; lines in the order of the file, where workers lag behind each other. */
function linesOf({ seed, everyMs, writesCloses }: Gateway): readonly Line[] {
  const random = randomOf(seed)
  const written: (Omit<Line, 'offset'> & { readonly order: number })[] = []
  const write = (at: number, lagMs: number, text: string): void => {
    written.push({ at, order: at + lagMs, text })
  }
  const run = (pid: string, fromMs: number, toMs: number, lagMs: number): void => {
    write(fromMs, lagMs, `${timestamp(fromMs)} info 20015 worker ${pid} is online ...`)
    for (let at = fromMs; at < toMs; at += Math.ceil(random() * 2 * everyMs)) {
      const correlationId = uuidOf(random)
      const sketch = { ...API, pid, correlationId, host: random() < 0.7 ? '10.0.0.9:8080' : '10.0.0.10:8080' }
      const tookMs = random() < 0.02 ? Math.floor(random() * 15 * MINUTE_MS) : Math.floor(random() * 2_000)
      write(at, lagMs, infoLine({ ...sketch, at }))
      if (random() < 0.1) {
        write(at + tookMs, lagMs, targetHalf({ ...sketch, at: at + tookMs }))
        continue
      }
      const response = { ...sketch, at: at + tookMs, status: '200' }
      write(response.at, lagMs, infoLine({ ...response, message: 'targetResponse' }))
      if (writesCloses) write(response.at, lagMs, infoLine({ ...response, message: 'targetResponse close' }))
    }
  }
  run('1', 0, LENGTH_MS, 0)
  run('2', 0, LENGTH_MS / 2, 20_000)
  run('3', LENGTH_MS / 2 + 1_000, LENGTH_MS, 20_000)
  return written.sort((a, b) => a.order - b.order).map((line, number) => ({ ...line, offset: number * 1_000 }))
}

function uuidOf(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

interface Again {
  readonly from: number
  readonly length: number
  readonly after: number
}

/** Producers send lines again that were not confirmed to them: shares of all lines, in thousandths. */
function withRepeated(lines: readonly Line[], repeated: readonly Again[]): readonly Line[] {
  const place = (share: number): number => Math.floor((share / 1_000) * lines.length)
  const inserted = repeated
    .map(({ from, length, after }) => {
      const block = lines.slice(place(from), place(from) + length)
      return { at: Math.min(lines.length, place(from) + block.length + place(after)), block }
    })
    .sort((a, b) => b.at - a.at)
  const all = [...lines]
  for (const { at, block } of inserted) all.splice(at, 0, ...block)
  return all
}

const again: fc.Arbitrary<Again> = fc.record({
  from: fc.nat({ max: 999 }),
  length: fc.integer({ min: 1, max: 80 }),
  after: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 999 })),
})

const gateways = fc.record({
  seed: fc.nat(),
  everyMs: fc.constantFrom(5_000, 20_000, 120_000),
  writesCloses: fc.constant(true),
})

const SHIPPED = logSource({ isWhole: true })

type Failures = ReadonlyMap<string, FailureDocument>

interface Block {
  readonly maxMs: number
  readonly lines: readonly Line[]
}

function blocksOf(lines: readonly Line[]): readonly Block[] {
  const blocks: Block[] = []
  for (let i = 0; i < lines.length; i += LINES_OF_BLOCK) {
    const block = lines.slice(i, i + LINES_OF_BLOCK)
    blocks.push({ lines: block, maxMs: Math.max(...block.map(({ at }) => at)) })
  }
  return blocks
}

interface Reading {
  readonly source?: LineSource
  /** Number of the first block that is read. */
  readonly from?: number
  /** Lines before this event time were stored by somebody else. */
  readonly storedMs?: number
}

/** What a member of the group gives of them. */
function read(blocks: readonly Block[], { source = SHIPPED, from = 0, storedMs = -1 }: Reading = {}): Failures {
  const processor = new Processor({
    redactor,
    windowMs: 5_000,
    latenessMs: MINUTE_MS,
    maxPending: 10_000,
    emit: 'eager',
    mayRepeat: true,
  })
  const failures = new Map<string, FailureDocument>()
  const take = (): void => {
    for (const { kind, id, document } of processor.take()) {
      if (kind !== 'failure') continue
      const known = failures.get(id)
      failures.set(id, known === undefined ? document : mergeFailureDocuments(known, document))
    }
  }
  const firstOpen = blocks.findIndex(({ maxMs }) => maxMs >= storedMs)
  blocks.slice(from).forEach(({ lines }, index) => {
    const isReplay = from + index < firstOpen
    for (const { text, offset } of lines) {
      processor.process(blockOf(`${text}\n`, { source, offset, last: false }), { isReplay })
    }
    processor.advance()
    take()
  })
  processor.finish()
  take()
  return failures
}

const told = ({ edgemicro }: FailureDocument) => [
  edgemicro.target_halves.map((half) => half.connection),
  edgemicro.evidence,
]
const timeOf = (document: FailureDocument): number => Date.parse(document['@timestamp']) - T0

describe('behind a topic, what is told of a connection', () => {
  test('is the same wherever reading begins, a floor before what is open, and whatever comes again', () => {
    let compared = 0
    fc.assert(
      fc.property(
        gateways,
        fc.array(again, { maxLength: 6 }),
        fc.integer({ min: 25 * MINUTE_MS, max: 85 * MINUTE_MS }),
        (gateway, repeated, openMs) => {
          const source = logSource({ isFirst: true, isWhole: true })
          const blocks = blocksOf(withRepeated(linesOf(gateway), repeated))
          const whole = read(blocks, { source })
          const from = blocks.findIndex(({ maxMs }) => maxMs >= openMs - REPLAY_HORIZON_MS)
          for (const [id, document] of read(blocks, { source, from, storedMs: openMs })) {
            const expected = whole.get(id) as FailureDocument
            expect(told(mergeFailureDocuments(expected, document))).toEqual(told(expected))
            if (timeOf(expected) < openMs) continue
            expect(told(document)).toEqual(told(expected))
            if (expected.edgemicro.evidence.reused !== null) compared++
          }
        },
      ),
      { numRuns: 20 },
    )
    expect(compared).toBeGreaterThan(100)
  })

  test('is what the lines tell that come once', () => {
    fc.assert(
      fc.property(gateways, fc.array(again, { maxLength: 6 }), (gateway, repeated) => {
        const lines = linesOf(gateway)
        const once = read(blocksOf(lines))
        for (const [id, document] of read(blocksOf(withRepeated(lines, repeated)))) {
          expect(told(document)).toEqual(told(once.get(id) as FailureDocument))
        }
      }),
      { numRuns: 15 },
    )
  })

  const reusedOf = (failures: Failures) =>
    new Set([...failures.values()].map(({ edgemicro }) => edgemicro.evidence.reused))
  const gateway = { seed: 7, everyMs: 5_000, writesCloses: true }

  test('is nothing where the gateway does not log that connections are given back: their order depends on all that was before', () => {
    const reused = reusedOf(read(blocksOf(linesOf({ ...gateway, writesCloses: false }))))
    expect(reused).toEqual(new Set([null]))
  })

  test('is nothing where lines come by other shippers, in an order of their own', () => {
    expect(reusedOf(read(blocksOf(linesOf(gateway)), { source: logSource() }))).toEqual(new Set([null]))
    expect(reusedOf(read(blocksOf(linesOf(gateway))))).toEqual(new Set([null, 0, 1]))
  })
})
