import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FailureDocument, IndexDocument } from '../../../src/records.js'
import { together } from '../../../src/sinks/collapse.js'
import { indexOf } from '../../../src/sinks/elasticsearch/documents.js'
import { ElasticsearchSink } from '../../../src/sinks/elasticsearch/sink.js'
import { failure, mergeFailures, T0, traffic } from '../../support/documents.js'
import { type Fault, InMemoryElasticsearch } from '../../support/elasticsearch/in-memory.js'
import '../../support/property-seed.js'

const MIDNIGHT = Date.UTC(2021, 5, 24)

/** At midnight the halves lie on two days: the target's is a millisecond before the client's. */
const failures = fc
  .record({
    at: fc.constantFrom({ id: 'f-1', timeMs: T0 }, { id: 'f-2', timeMs: MIDNIGHT }, { id: 'f-3', timeMs: MIDNIGHT }),
    halves: fc.constantFrom('both' as const, 'target' as const, 'client' as const),
  })
  .map(({ at, halves }): IndexDocument => failure({ ...at, halves }))

/** A third half: with two of them, writers that race have nothing to lose. */
const responses = fc.constantFrom('f-1', 'f-2', 'f-3').map((id): IndexDocument => {
  const timeMs = id === 'f-1' ? T0 : MIDNIGHT
  const { document, ...rest } = failure({ id, timeMs, halves: 'target' })
  const halves = document.edgemicro.target_halves.map((half) => ({ ...half, role: 'response_error' as const }))
  return { ...rest, document: { ...document, edgemicro: { ...document.edgemicro, target_halves: halves } } }
})

const counts = fc
  .record({ id: fc.constantFrom('t-1', 't-2'), requests: fc.nat({ max: 9 }) })
  .map(({ id, requests }): IndexDocument => traffic({ id, requests, responses: requests }))

const batches = fc.array(fc.array(fc.oneof(failures, responses, counts), { minLength: 1, maxLength: 5 }), {
  maxLength: 6,
})

const faults = fc.array(
  fc.constantFrom<Fault>('none', 'none', 'none', 'busy', 'items', 'too_large', 'malformed', 'away', 'lost'),
  { maxLength: 30 },
)
const delays = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 20 })

interface Case {
  readonly faults: readonly Fault[]
  readonly delays: readonly number[]
}

function storeOf({ faults, delays }: Case): InMemoryElasticsearch {
  let asked = 0
  let waited = 0
  return new InMemoryElasticsearch({
    fault: () => faults[asked++] ?? 'none',
    delay: () => turns(delays[waited++ % delays.length]),
  })
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

const sinkOn = (elasticsearch: InMemoryElasticsearch): ElasticsearchSink =>
  new ElasticsearchSink({
    elasticsearch,
    prefix: 'hangup',
    maxBatchBytes: 8_000,
    lingerMs: 0,
    inFlight: 2,
    frequencyMs: 0,
    rollup: { mark: () => {}, markMinute: () => {}, settle: async () => {} },
    mergeFailures,
    retry: { pause: () => turns(1), random: () => 0 },
    onRefused: ({ document, reason }) => {
      throw new Error(`${document.id} was refused: ${reason}`)
    },
  })

/** What all documents say together, each in the index of its event day. */
function truthOf(documents: readonly IndexDocument[]) {
  const byId = new Map<string, IndexDocument>()
  for (const document of documents) {
    const known = byId.get(document.id)
    byId.set(document.id, known === undefined ? document : together(known, document, mergeFailures))
  }
  return sorted(
    [...byId.values()].map((each) => ({ index: indexOf('hangup', each), id: each.id, source: each.document })),
  )
}

const sorted = <Row extends { readonly index: string; readonly id: string }>(rows: readonly Row[]) =>
  [...rows].sort((a, b) => `${a.index} ${a.id}`.localeCompare(`${b.index} ${b.id}`))

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The store holds no less of this document than it says. */
function expectStored(store: InMemoryElasticsearch, written: IndexDocument): void {
  const copies = store.all().filter(({ id }) => id === written.id)
  const isIn = copies.some(({ source }) => {
    const stored = asJson(source) as FailureDocument
    const known = { ...written, document: stored } as IndexDocument
    return JSON.stringify(asJson(together(known, written, mergeFailures).document)) === JSON.stringify(stored)
  })
  expect({ id: written.id, isIn }).toEqual({ id: written.id, isIn: true })
}

describe('the Elasticsearch sink', () => {
  test('ends with the merge of all halves and the largest counts, whatever the order, the writers and the faults', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(batches, { minLength: 1, maxLength: 3 }),
        faults,
        delays,
        async (writers, faults, delays) => {
          const store = storeOf({ faults, delays })
          await Promise.all(
            writers.flatMap((written) => {
              const sink = sinkOn(store)
              return written.map(async (batch) => {
                await sink.write(batch)
                for (const document of batch) expectStored(store, document)
              })
            }),
          )
          expect(sorted(store.all())).toEqual(asJson(truthOf(writers.flat(2))))
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)

  test('makes one document of halves with a midnight between, in the index of its event day', async () => {
    const store = storeOf({ faults: [], delays: [0] })
    const sink = sinkOn(store)
    const [target, client] = (['target', 'client'] as const).map((halves) =>
      failure({ id: 'f-2', timeMs: MIDNIGHT, halves }),
    )
    await sink.write([target])
    expect(store.indicesOf('f-2')).toEqual(['hangup-failures-2021.06.23'])
    await sink.write([client])
    expect(store.indicesOf('f-2')).toEqual(truthOf([target, client]).map(({ index }) => index))
  })

  test('is not harmed by an answer that is lost after the write took effect', async () => {
    const store = storeOf({ faults: ['lost', 'lost', 'lost'], delays: [0] })
    const written = [failure({ id: 'f-1' }), traffic({ id: 't-1' })]
    await sinkOn(store).write(written)
    expect(sorted(store.all())).toEqual(asJson(truthOf(written)))
  })
})
