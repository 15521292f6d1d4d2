import { expect, test } from '@jest/globals'
import type { GroupEvent, GroupReaderOptions, KafkaMessage, Position } from '../../../src/sources/kafka/contract.js'
import { floorMetadata } from '../../../src/sources/kafka/floor.js'
import type { GroupBlock } from '../../../src/sources/kafka/group-block.js'
import { KafkaSource, type PartitionChange } from '../../../src/sources/kafka/kafka-source.js'

const message = (offset: number, value: string, path?: string): KafkaMessage => ({
  offset,
  timestampMs: 0,
  key: null,
  value: Buffer.from(value),
  headers:
    path === undefined ? {} : { 'hangup-path': Buffer.from(path), 'hangup-offset': Buffer.from(String(offset * 10)) },
})

const batch = (partition: number, messages: readonly KafkaMessage[], nextOffset: number): GroupEvent => ({
  kind: 'batch',
  batch: { partition, messages, nextOffset, highWatermark: 100 },
})

/** A source on a group that tells these events. */
function sourceOn(events: readonly GroupEvent[]) {
  const changes: PartitionChange[] = []
  const committed: Position[] = []
  let told: GroupReaderOptions | null = null
  const source = new KafkaSource(
    {
      brokers: [],
      security: { tls: false },
      clientId: 'test',
      topic: 't',
      groupId: 'g',
      start: 'beginning',
      onAssigned: (change) => changes.push(change),
      onProblem: () => {},
    },
    (options) => {
      told = options
      return {
        async *read() {
          yield* events
        },
        commit: async (positions) => {
          committed.push(...positions)
          return []
        },
        close: async () => {},
      }
    },
  )
  return { source, changes, committed, startOf: () => told!.startOf }
}

async function blocksOf(source: KafkaSource): Promise<readonly [number, boolean, string][]> {
  const blocks: [number, boolean, string][] = []
  for await (const { kafkaPartition, isReplay, bytes } of source.read(new AbortController().signal)) {
    blocks.push([kafkaPartition, isReplay, Buffer.from(bytes).toString()])
  }
  return blocks
}

test('what the group had stored is told apart as a replay, in the middle of a batch too', async () => {
  const { source } = sourceOn([
    { kind: 'assigned', gained: [{ partition: 3, committed: { offset: 2, metadata: '' } }], kept: [], lost: [] },
    batch(3, [message(0, 'a'), message(1, 'b'), message(2, 'c')], 3),
    batch(3, [message(3, 'd')], 4),
  ])
  expect(await blocksOf(source)).toEqual([
    [3, true, 'a\nb\n'],
    [3, false, 'c\n'],
    [3, false, 'd\n'],
  ])
})

test('a partition has been read as far as its last batch that was processed, markers behind it included', async () => {
  const { source } = sourceOn([
    { kind: 'assigned', gained: [{ partition: 0, committed: null }], kept: [], lost: [] },
    batch(0, [message(0, 'a', '/x.log'), message(1, 'b', '/y.log')], 5),
    batch(0, [], 9),
  ])
  const ends: (number | undefined)[] = []
  let last: GroupBlock | null = null
  for await (const block of source.read(new AbortController().signal)) {
    ends.push(source.ends.get(0)?.nextOffset)
    last = block
  }
  expect(ends).toEqual([undefined, undefined])
  expect(source.ends.get(0)).toEqual({ nextOffset: 9, highWatermark: 100 })
  expect(last?.source).toMatchObject({ path: '/y.log', partition: 't/0//y.log' })
})

test('partitions that are gained or lost are told between blocks, and what was known of them is forgotten', async () => {
  const { source, changes } = sourceOn([
    { kind: 'assigned', gained: [{ partition: 0, committed: null }], kept: [], lost: [] },
    batch(0, [message(0, 'a')], 1),
    { kind: 'assigned', gained: [{ partition: 1, committed: { offset: 7, metadata: '' } }], kept: [], lost: [0] },
  ])
  await blocksOf(source)
  expect(changes).toEqual([
    { gained: [{ partition: 0, storedThrough: 0 }], lost: [] },
    { gained: [{ partition: 1, storedThrough: 7 }], lost: [0] },
  ])
  expect(source.ends.size).toBe(0)
})

test('reading begins at the floor of what was committed, else where the pipeline says', () => {
  const startOf = sourceOn([]).startOf()
  expect(startOf(0, null)).toBe('beginning')
  expect(startOf(0, { offset: 9, metadata: floorMetadata(4) })).toBe(4)
})
