import { expect, test } from '@jest/globals'
import { TopicProgress } from '../../../src/pipeline/backfill/topic-progress.js'
import type { LineBlock } from '../../../src/records.js'
import type { StretchPosition } from '../../../src/sources/kafka/topic-reader.js'

const blockOf = (kafkaPartition: number, isReplay: boolean): LineBlock =>
  ({
    source: { path: 'a', partition: `t/${kafkaPartition}/a`, gateway: null },
    bytes: Buffer.from('x\n'),
    offset: 0,
    last: false,
    ...{ kafkaPartition, isReplay },
  }) as LineBlock

function progressOf(positions: readonly StretchPosition[] | null) {
  const told: (readonly StretchPosition[])[] = []
  return {
    told,
    progress: new TopicProgress({
      topic: 't',
      source: { positions: () => positions },
      onStored: (rest) => told.push(rest),
    }),
  }
}

const DONE = { partition: 0, from: 2, to: 9, position: 9 }
const OPEN = { partition: 1, from: 2, to: 9, position: 4 }

test('tells what is left as it was when the position was taken, once that is stored', async () => {
  let positions: readonly StretchPosition[] = [DONE, { ...OPEN, position: 3 }]
  const told: (readonly StretchPosition[])[] = []
  const progress = new TopicProgress({
    topic: 't',
    source: { positions: () => positions },
    onStored: (rest) => told.push(rest),
  })
  const save = progress.snapshot()
  positions = [DONE, OPEN]
  expect(told).toEqual([])
  await save()
  expect(told).toEqual([[{ ...OPEN, position: 3 }]])
})

test('tells nothing before it is known what is to be read', async () => {
  const { told, progress } = progressOf(null)
  await progress.snapshot()()
  expect([told, progress.lag()]).toEqual([[], []])
})

test('knows lines before the range, whose dead letters are kept already', () => {
  const { progress } = progressOf([OPEN])
  expect([progress.begin(blockOf(1, true)), progress.isStored()]).toMatchObject([[{ isReplay: true }], true])
  expect([progress.begin(blockOf(1, false)), progress.isStored()]).toMatchObject([[{ isReplay: false }], false])
})

test('lags by what is left of the range, and by the event time that a partition has reached', () => {
  const { progress } = progressOf([DONE, OPEN])
  progress.add(blockOf(0, false), 5_000)
  progress.add(blockOf(0, false), 4_000)
  progress.add(blockOf(1, false), Number.NEGATIVE_INFINITY)
  expect(progress.lag()).toEqual([
    { topic: 't', partition: 0, records: 0, reachedMs: 5_000 },
    { topic: 't', partition: 1, records: 5, reachedMs: null },
  ])
})
