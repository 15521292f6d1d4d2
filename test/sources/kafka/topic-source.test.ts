import { expect, test } from '@jest/globals'
import type { MessageBatch } from '../../../src/sources/kafka/message.js'
import type { StretchPosition } from '../../../src/sources/kafka/topic-reader.js'
import { TopicSource } from '../../../src/sources/kafka/topic-source.js'

const batchOf = (partition: number, offsets: readonly number[], nextOffset = offsets.at(-1)! + 1): MessageBatch => ({
  partition,
  nextOffset,
  highWatermark: 1_000,
  messages: offsets.map((offset) => ({
    offset,
    timestampMs: 0,
    key: null,
    value: Buffer.from(`line ${offset}`),
    headers: {},
  })),
})

/** A source of these batches; what is read of it is noted as its reader does. */
function sourceOf(
  stretches: readonly Omit<StretchPosition, 'position'>[],
  batches: readonly MessageBatch[],
  replayUntil?: ReadonlyMap<number, number>,
) {
  let positions: StretchPosition[] | null = null
  const options = { brokers: [], security: { tls: false }, clientId: 'c', onProblem: () => {} }
  return new TopicSource({ ...options, topic: 't', from: 'beginning', replayUntil }, () => ({
    async *read() {
      positions = stretches.map((stretch) => ({ ...stretch, position: stretch.from }))
      for (const batch of batches) {
        positions = positions.map((each) =>
          each.partition === batch.partition ? { ...each, position: batch.nextOffset } : each,
        )
        if (batch.messages.length > 0) yield batch
      }
    },
    progress: () => ({ readMessages: 0, totalMessages: null }),
    positions: () => positions,
  }))
}

test('lines before the range are a replay, those from it on are not, also within one batch', async () => {
  const source = sourceOf(
    [{ partition: 0, from: 5, to: 12 }],
    [batchOf(0, [5, 6, 7, 8]), batchOf(0, [9, 11])],
    new Map([[0, 7]]),
  )
  const read: unknown[] = []
  for await (const { bytes, isReplay, kafkaPartition } of source.read(new AbortController().signal)) {
    read.push([`${Buffer.from(bytes)}`, isReplay, kafkaPartition])
  }
  expect(read).toEqual([
    ['line 5\nline 6\n', true, 0],
    ['line 7\nline 8\n', false, 0],
    ['line 9\nline 11\n', false, 0],
  ])
})

test('what lies before the range is no part of what is to be done', async () => {
  const stretches = [
    { partition: 0, from: 0, to: 20 },
    { partition: 1, from: 3, to: 10 },
  ]
  const batches = [
    batchOf(0, [0, 1]),
    batchOf(1, [3, 4]),
    batchOf(0, [2, 15]),
    { ...batchOf(0, [], 20) },
    batchOf(1, [8]),
  ]
  const source = sourceOf(stretches, batches, new Map([[0, 10]]))
  expect([source.progress(), source.positions()]).toEqual([{ done: 0, total: null, unit: 'messages' }, null])
  const seen: unknown[] = []
  for await (const _ of source.read(new AbortController().signal)) {
    seen.push([source.progress().done, source.positions()?.map(({ position }) => position)])
  }
  // The batch at hand is processed only when the next one is asked for.
  expect(seen).toEqual([
    [0, [10, 3]],
    [2, [10, 3]],
    [8, [10, 5]],
    [8, [10, 5]],
    [16, [20, 8]],
  ])
  expect(source.progress()).toEqual({ done: 16, total: 17, unit: 'messages' })
  expect(source.positions()).toEqual([
    { partition: 0, from: 10, to: 20, position: 20 },
    { partition: 1, from: 3, to: 10, position: 9 },
  ])
})
