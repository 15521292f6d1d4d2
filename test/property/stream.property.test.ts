import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeFailureDocuments } from '../../src/pipeline/document.js'
import { REPLAY_HORIZON_MS } from '../../src/pipeline/partition.js'
import { Processor } from '../../src/pipeline/processor.js'
import type { ProcessorOptions } from '../../src/pipeline/processor-options.js'
import type { FailureDocument, IndexDocument, LineSource, TrafficDocument } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { T0 } from '../support/documents.js'
import { blockOf, clientHalf, infoLine, logSource } from '../support/lines.js'
import { linesOver, WINDOW_MS, type WrittenLine } from './traffic-lines.js'

const LATENESS_MS = 60_000
const MINUTE_MS = 60_000
const redactor = new Redactor(REDACT_ALL, Buffer.from('secret'))

const processorOf = (options: Partial<ProcessorOptions> = {}): Processor =>
  new Processor({
    redactor,
    windowMs: WINDOW_MS,
    latenessMs: LATENESS_MS,
    maxPending: 100_000,
    emit: 'eager',
    ...options,
  })

/** Does with documents what every store does. */
class Store {
  readonly failures = new Map<string, FailureDocument>()
  readonly traffic = new Map<string, TrafficDocument>()

  put(documents: readonly IndexDocument[]): void {
    for (const { kind, id, document } of documents) {
      if (kind === 'traffic') this.traffic.set(id, document)
      else {
        const known = this.failures.get(id)
        this.failures.set(id, known === undefined ? document : mergeFailureDocuments(known, document))
      }
    }
  }

  /** What the stores are to end with, whatever the way. Where a line stood differs where lines were moved. */
  get answer() {
    return {
      failures: new Map([...this.failures].sort(byId).map(([id, document]) => [id, withoutPlace(document)])),
      traffic: new Map([...this.traffic].sort(byId)),
    }
  }
}

const byId = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

function withoutPlace(document: FailureDocument): object {
  const { edgemicro, log: _log, server, ...rest } = document
  const { target_halves, client_half, target, target_source, ...ours } = edgemicro
  const halves = [...target_halves, ...(client_half === null ? [] : [client_half])].map(
    ({ offset: _, ...half }) => half,
  )
  // A target that was inferred is looked at in a test of its own.
  return { ...rest, ours, halves, ...(target_source === 'log' && { target, server }) }
}

/** Gives lines to a processor, in blocks that end behind the given numbers of lines. */
class Feeder {
  readonly #sources = new Map<string, LineSource>()
  readonly #offsets = new Map<string, number>()

  /** `skipped`: what a run before it read, where this one does not begin at the start of the logs. */
  constructor(
    private readonly processor: Processor,
    skipped: readonly WrittenLine[] = [],
  ) {
    for (const { gateway, text } of skipped) {
      this.#offsets.set(gateway, (this.#offsets.get(gateway) ?? 0) + Buffer.byteLength(`${text}\n`))
    }
  }

  /** One block for each run of lines of the same gateway. */
  feed(lines: readonly WrittenLine[]): void {
    let from = 0
    for (let i = 1; i <= lines.length; i++) {
      if (i < lines.length && lines[i].gateway === lines[from].gateway) continue
      this.#block(lines.slice(from, i))
      from = i
    }
  }

  #block(lines: readonly WrittenLine[]): void {
    const [{ gateway }] = lines
    const source = this.#sources.get(gateway) ?? logSource({ path: gateway, partition: gateway, gateway })
    this.#sources.set(gateway, source)
    const offset = this.#offsets.get(gateway) ?? 0
    const block = blockOf(lines.map(({ text }) => `${text}\n`).join(''), { source, offset, last: false })
    this.#offsets.set(gateway, offset + block.bytes.length)
    this.processor.process(block)
  }
}

/** The answer of one processor that advances behind each of the given numbers of lines. */
function answerOf(lines: readonly WrittenLine[], cuts: readonly number[], options: Partial<ProcessorOptions> = {}) {
  const processor = processorOf(options)
  const feeder = new Feeder(processor)
  const store = new Store()
  const ends = [...new Set([...cuts.map((cut) => cut % (lines.length + 1)), lines.length])].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    feeder.feed(lines.slice(from, end))
    processor.advance()
    store.put(processor.take())
    from = end
  }
  processor.finish()
  store.put(processor.take())
  return store.answer
}

/** A single pass over all lines, which is what every other way is compared with. */
const singlePass = (lines: readonly WrittenLine[]) => answerOf(lines, [], { emit: 'final' })

const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 30 })
const SPAN_MS = 60 * MINUTE_MS

describe('the stores end with what a single pass gives', () => {
  test('whatever the blocks', () => {
    fc.assert(
      fc.property(linesOver(SPAN_MS), cuts, fc.constantFrom('eager', 'final'), (lines, borders, emit) => {
        expect(answerOf(lines, borders, { emit })).toEqual(singlePass(lines))
      }),
      { numRuns: 300 },
    )
  })

  test('whatever the blocks, where partitions close together', () => {
    fc.assert(
      fc.property(linesOver(SPAN_MS), cuts, (lines, borders) => {
        const processor = processorOf({ emit: 'final', heldWindows: 10 })
        const feeder = new Feeder(processor)
        const store = new Store()
        for (const line of lines) {
          feeder.feed([line])
          if (borders.includes(line.at % 500)) processor.advance({ together: true })
          store.put(processor.take())
        }
        processor.finish()
        store.put(processor.take())
        expect(store.answer).toEqual(singlePass(lines))
      }),
      { numRuns: 100 },
    )
  })

  // What is given once cannot be merged: here a late half must open a second failure in every way of reading, or in none.
  test('whatever the blocks, also in output that nobody merges', () => {
    const given = (lines: readonly WrittenLine[], borders: readonly number[]) => {
      const processor = processorOf({ emit: 'final', latenessMs: 1_000 })
      const feeder = new Feeder(processor)
      const texts: string[] = []
      const ends = [...new Set([...borders.map((cut) => cut % (lines.length + 1)), lines.length])].sort((a, b) => a - b)
      let from = 0
      for (const end of ends) {
        feeder.feed(lines.slice(from, end))
        processor.advance()
        from = end
      }
      processor.finish()
      for (const each of processor.take()) if (each.kind === 'failure') texts.push(JSON.stringify(each))
      return texts.sort()
    }
    fc.assert(
      fc.property(linesOver(SPAN_MS), cuts, (lines, borders) => {
        expect(given(lines, borders)).toEqual(given(lines, []))
      }),
      { numRuns: 300 },
    )
  })

  test('whatever the order within the allowed lateness', () => {
    fc.assert(
      fc.property(
        linesOver(5 * MINUTE_MS),
        cuts,
        fc.infiniteStream(fc.nat({ max: LATENESS_MS - 1 })),
        (lines, borders, delays) => {
          const moved = lines.map((line) => ({ line, key: line.at + Number(delays.next().value) }))
          const reordered = moved.sort((a, b) => a.key - b.key).map(({ line }) => line)
          expect(answerOf(reordered, borders)).toEqual(singlePass(lines))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('however often a half is seen, and however late', () => {
    fc.assert(
      fc.property(linesOver(SPAN_MS), cuts, fc.infiniteStream(fc.nat({ max: 3 })), (lines, borders, times) => {
        const again = lines.filter(({ isHalf }) => isHalf && Number(times.next().value) === 0)
        const repeated = lines.flatMap((line) =>
          line.isHalf && Number(times.next().value) === 0 ? [line, line] : [line],
        )
        expect(answerOf([...repeated, ...again], borders)).toEqual(singlePass(lines))
      }),
      { numRuns: 200 },
    )
  })

  test('whenever a run ends and another begins at its floor', () => {
    fc.assert(
      fc.property(linesOver(SPAN_MS), cuts, fc.nat({ max: 500 }), fc.boolean(), (lines, borders, stop, isClean) => {
        const store = new Store()
        const first = processorOf()
        const feeder = new Feeder(first)
        const read = lines.slice(0, stop % (lines.length + 1))
        for (const line of read) {
          feeder.feed([line])
          if (borders.includes(line.at % 500)) first.advance()
          store.put(first.take())
        }
        const openSinceMs = first.openSinceMs()
        const floorOf = (gateway: string): number => Math.floor(openSinceMs(gateway) / MINUTE_MS) * MINUTE_MS
        const floors = new Map(['a', 'b'].map((gateway) => [gateway, floorOf(gateway)]))
        first.advance()
        // Killed, it has stored what it had given; stopped, what it held as well.
        if (isClean) first.finish()
        store.put(first.take())

        const second = processorOf({
          closedUntilMs: new Map([...floors].filter(([, floor]) => Number.isFinite(floor))),
        })
        const isBehindFloor = ({ at, gateway }: WrittenLine): boolean =>
          T0 + at >= (floors.get(gateway) ?? Number.NEGATIVE_INFINITY) - REPLAY_HORIZON_MS
        const begin = Math.max(0, lines.findIndex(isBehindFloor))
        new Feeder(second, lines.slice(0, begin)).feed(lines.slice(begin))
        second.finish()
        store.put(second.take())
        expect(store.answer).toEqual(singlePass(lines))
      }),
      { numRuns: 300 },
    )
  })
})

describe('an inferred target', () => {
  const inferred = (lines: readonly WrittenLine[], borders: readonly number[]) => {
    const processor = processorOf()
    const feeder = new Feeder(processor)
    const documents: IndexDocument[] = []
    lines.forEach((line, index) => {
      feeder.feed([line])
      if (borders.includes(index)) processor.advance()
    })
    processor.finish()
    documents.push(...processor.take())
    return documents.flatMap(({ kind, document }) => (kind === 'failure' ? [document.edgemicro.target] : []))
  }
  const line = (at: number, text: string): WrittenLine => ({ at, gateway: 'a', text, isHalf: true })
  const request = (at: number, host = '10.0.0.9:8080') => line(at, infoLine({ at, host }))
  const failed = (at: number) => line(at, clientHalf({ at }))

  test('does not depend on how far the block reads on', () => {
    const lines = [request(0), failed(1_000), request(2 * MINUTE_MS), request(30 * MINUTE_MS)]
    expect(inferred(lines, [2])).toEqual(['10.0.0.9:8080'])
    expect(inferred(lines, [])).toEqual(inferred(lines, [2]))
  })

  test('does not depend on a target that the block names later', () => {
    const lines = [request(0), failed(1_000), request(2 * MINUTE_MS), request(5 * MINUTE_MS, '10.0.0.10:8080')]
    expect(inferred(lines, [])).toEqual(inferred(lines, [2]))
  })

  test('does not depend on a proxy that the block shows later', () => {
    const lines = [failed(1_000), infoOfAnother(1_500), infoOfAnother(2 * MINUTE_MS), request(5 * MINUTE_MS)]
    expect(inferred(lines, [])).toEqual(inferred(lines, [2]))
  })

  const infoOfAnother = (at: number) => line(at, infoLine({ at, url: 'v1/users/17' }))
})
