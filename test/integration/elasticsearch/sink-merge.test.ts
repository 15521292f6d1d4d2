import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import type { FailureDocument, IndexDocument, TrafficDocument } from '../../../src/records.js'
import { failure, mergeFailures, T0, traffic } from '../../support/documents.js'
import { documents, removeAll, removeIndices, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { failuresOf, frequencyOf, sinkOptions, withSink } from './sink-options.js'

type FailureRecord = IndexDocument & { readonly kind: 'failure' }

const SECOND = 1_000
const HOUR = 3_600_000
const MIDNIGHT = Date.UTC(2021, 5, 24)

/** The two halves of one request, each as a reader of that half alone would write it. */
const halves = (id: string, targetMs: number, clientMs: number) =>
  [
    failure({ id, halves: 'target', timeMs: targetMs + 1 }),
    failure({ id, halves: 'client', timeMs: clientMs }),
  ] as const

/** Where the half of the target and that of the client stand. */
const PLACES = [
  ['in one minute', T0, T0 + 5],
  ['on two sides of midnight', MIDNIGHT - 1, MIDNIGHT],
  ['on two sides of midnight, the client first', MIDNIGHT + 2, MIDNIGHT - 2],
  ['hours apart, over midnight', MIDNIGHT - 2 * HOUR, MIDNIGHT + 2 * HOUR],
  ['hours apart, over midnight, the client first', MIDNIGHT + 2 * HOUR, MIDNIGHT - 2 * HOUR],
  ['nearly a day apart', MIDNIGHT - 12 * HOUR, MIDNIGHT + 12 * HOUR - SECOND],
] as const

const prefix = uniquePrefix('merge')

afterEach(() => removeIndices(prefix))
afterAll(() => removeAll(prefix))

const union = (...parts: readonly FailureRecord[]): FailureDocument =>
  parts.map(({ document }) => document).reduce(mergeFailures)

const dayIndex = ({ '@timestamp': time }: FailureDocument) =>
  `${prefix}-failures-${time.slice(0, 10).replaceAll('-', '.')}`

/** One document for each id, that holds all of its parts, in the index of its own day. */
async function expectOne(...expected: readonly (readonly [id: string, document: FailureDocument])[]): Promise<void> {
  const found = await failuresOf(prefix)
  expect(found.map(({ _id, _index, _source }) => [_id, _index, _source]).sort()).toEqual(
    expected.map(([id, document]) => [id, dayIndex(document), document]).sort(),
  )
}

async function writeAll(...batches: readonly (readonly IndexDocument[])[]): Promise<void> {
  await withSink(sinkOptions(prefix), async (sink) => {
    for (const batch of batches) await sink.write(batch)
  })
}

/** As many sinks as there are batches, which all write at the same time. */
async function writeAtOnce(...batches: readonly (readonly IndexDocument[])[]): Promise<void> {
  const others = batches.slice(1)
  if (others.length === 0) return writeAll(batches[0])
  await withSink(sinkOptions(prefix), async (sink) => {
    await Promise.all([writeAtOnce(...others), sink.write(batches[0])])
  })
}

describe.each(PLACES)('a failure with halves %s', (_, targetMs, clientMs) => {
  const [target, client] = halves('f', targetMs, clientMs)
  const expectWhole = () => expectOne(['f', union(target, client)])

  test('is one document where they come in one batch, in either order', async () => {
    const [otherTarget, otherClient] = halves('g', targetMs, clientMs)
    await writeAll([target, client, otherClient, otherTarget])
    await expectOne(['f', union(target, client)], ['g', union(otherTarget, otherClient)])
  })

  test('is one document where they come in two batches, in either order', async () => {
    const [otherTarget, otherClient] = halves('g', targetMs, clientMs)
    await writeAll([target, otherClient], [client, otherTarget])
    await expectOne(['f', union(target, client)], ['g', union(otherTarget, otherClient)])
  })

  test('is one document where they come in two runs, and the first run comes again', async () => {
    await writeAll([target])
    await writeAll([client])
    await writeAll([target])
    await expectWhole()
  })

  test('is one document where the whole of it comes after either half', async () => {
    const whole: FailureRecord = { ...client, document: union(target, client) }
    await writeAll([target], [whole])
    await expectWhole()
    await writeAll([client], [whole], [target])
    await expectWhole()
  })

  test('is one document where two sinks write a half each at the same time, many times over', async () => {
    const ids = Array.from({ length: 60 }, (__, n) => `r${n}`)
    const pairs = ids.map((id) => halves(id, targetMs, clientMs))
    await withSink(sinkOptions(prefix), (one) =>
      withSink(sinkOptions(prefix), async (other) => {
        for (let at = 0; at < pairs.length; at += 6) {
          const round = pairs.slice(at, at + 6)
          await Promise.all(round.flatMap(([half, rest]) => [one.write([half]), other.write([rest])]))
        }
      }),
    )
    await expectOne(...pairs.map(([half, rest]) => [half.id, union(half, rest)] as const))
  })

  test('is counted once, in the minute of the whole, and no longer where a half of it stood', async () => {
    await withSink(sinkOptions(prefix), async (sink) => {
      await sink.write([target])
      await sink.settle({ now: true })
      expect((await frequencyOf(prefix)).map(minuteAndCount)).toEqual([[minuteOf(targetMs), 1]])
      await sink.write([client])
      await sink.settle({ now: true })
    })
    expect((await frequencyOf(prefix)).map(minuteAndCount)).toEqual([[minuteOf(clientMs), 1]])
  })
})

describe('a failure with three halves', () => {
  const [target, client] = halves('f', MIDNIGHT - 2, MIDNIGHT + 1)
  const third = secondOfTarget(target)
  const orders = [
    [target, third, client],
    [client, third, target],
    [third, client, target],
  ]

  test.each(orders)('is one document, whichever comes first', async (...parts) => {
    await writeAll(...parts.map((part) => [part]))
    await expectOne(['f', union(target, third, client)])
  })

  test('is one document where three sinks write at the same time', async () => {
    for (let round = 0; round < 8; round++) {
      const parts = [target, third, client].map((part) => ({ ...part, id: `f${round}` }))
      await writeAtOnce(...parts.map((part) => [part]))
    }
    await expectOne(...Array.from({ length: 8 }, (_, n) => [`f${n}`, union(target, third, client)] as const))
  })
})

test('two sinks that write the same failure, whole, at the same time leave one', async () => {
  const many = Array.from({ length: 500 }, (_, n) => failure({ id: `f${n}`, timeMs: MIDNIGHT + (n % 2) }))
  await writeAtOnce(many, [...many].reverse())
  await expectOne(...many.map(({ id, document }) => [id, document] as const))
})

test('of two sinks that count a minute at the same time, the larger count stays', async () => {
  const counts = (from: number) => Array.from({ length: 40 }, (_, n) => [traffic({ id: 't', requests: from + 2 * n })])
  await withSink(sinkOptions(prefix), (one) =>
    withSink(sinkOptions(prefix), async (other) => {
      const calls = [
        ...counts(2).map((batch) => one.write(batch)),
        ...counts(1)
          .reverse()
          .map((batch) => other.write(batch)),
      ]
      await Promise.all(calls)
    }),
  )
  const [{ _source: stored }, ...others] = await documents<TrafficDocument>(`${prefix}-traffic-*`)
  expect([stored.edgemicro.requests, others]).toEqual([80, []])
})

test('what a process stored that died before it counted is counted by whoever stores the same again', async () => {
  const documents = [failure({ id: 'f' }), traffic({ id: 't', timeMs: T0 + 120_000 })]
  await writeAll(documents)
  expect(await frequencyOf(prefix)).toEqual([])
  await withSink(sinkOptions(prefix), async (sink) => {
    await sink.write(documents)
    await sink.settle({ now: true })
  })
  expect((await frequencyOf(prefix)).map(({ '@timestamp': time }) => time).sort()).toEqual([
    minuteOf(T0),
    minuteOf(T0 + 120_000),
  ])
})

function minuteAndCount({ '@timestamp': time, edgemicro }: { '@timestamp': string; edgemicro: { failures: number } }) {
  return [time, edgemicro.failures]
}

function minuteOf(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16)}:00.000Z`
}

/** The target's second line of a request: a response that broke off. */
function secondOfTarget(target: FailureRecord): FailureRecord {
  const { edgemicro } = target.document
  const half = { ...edgemicro.target_halves[0], role: 'response_error' as const, offset: 1100 }
  return { ...target, document: { ...target.document, edgemicro: { ...edgemicro, target_halves: [half] } } }
}
