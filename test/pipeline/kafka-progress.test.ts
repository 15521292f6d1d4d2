import { describe, expect, test } from '@jest/globals'
import { KafkaProgress } from '../../src/pipeline/kafka-progress.js'
import type { Position } from '../../src/sources/kafka/contract.js'
import type { GroupBlock } from '../../src/sources/kafka/group-block.js'

const HORIZON_MS = 600_000
const SILENT_MS = 600_000

/** Progress over partitions whose ends a test sets; the clock is the test's too. */
function progressOn() {
  const ends = new Map<number, { nextOffset: number; highWatermark: number }>()
  const commits: Position[][] = []
  const state = { nowMs: 0, notOurs: [] as number[] }
  const progress = new KafkaProgress({
    source: {
      ends,
      commit: async (positions) => {
        commits.push([...positions])
        return state.notOurs
      },
    },
    topic: 't',
    horizonMs: HORIZON_MS,
    silentMs: SILENT_MS,
    monotonicMs: () => state.nowMs,
  })
  const read = (partition: number, firstOffset: number, maxMs: number, { file = 'a', isReplay = false } = {}): void => {
    const block = blockOf(partition, firstOffset, file, isReplay)
    progress.begin(block)
    progress.add(block, maxMs)
    ends.set(partition, { nextOffset: firstOffset + 10, highWatermark: 1_000 })
  }
  return { progress, ends, commits, state, read }
}

function blockOf(kafkaPartition: number, firstOffset: number, file: string, isReplay: boolean): GroupBlock {
  const source = { path: file, partition: `t/${kafkaPartition}/${file}`, gateway: null }
  const offsetAt = () => firstOffset
  return {
    source,
    bytes: Buffer.from('x\n'),
    offset: 0,
    last: false,
    firstOffset,
    offsetAt,
    topic: 't',
    kafkaPartition,
    isReplay,
  }
}

const floors = (positions: readonly Position[]) =>
  positions.map(({ partition, offset, metadata }) => [partition, offset, JSON.parse(metadata).floor])

describe('the position of a partition', () => {
  test('is all that was read; the floor lies a horizon before what is open', async () => {
    const { progress, commits, read } = progressOn()
    progress.assigned({ gained: [{ partition: 0, storedThrough: 0 }], lost: [] })
    for (let block = 0; block < 10; block++) read(0, block * 10, block * 300_000)
    await progress.snapshot(() => 2_100_000)()
    // Evidence is needed from 1,500,000 on: the block of that time is the sixth.
    expect(floors(commits[0])).toEqual([[0, 100, 50]])
  })

  test('has the least floor of its files, and a file that is silent for long holds it no longer', async () => {
    const { progress, commits, read, state } = progressOn()
    progress.assigned({ gained: [{ partition: 0, storedThrough: 0 }], lost: [] })
    read(0, 0, 0, { file: 'old' })
    read(0, 10, 900_000, { file: 'new' })
    const openSinceMs = (name: string): number => (name.endsWith('old') ? 0 : 900_000)
    await progress.snapshot(openSinceMs)()
    expect(floors(commits[0])).toEqual([[0, 20, 0]])
    state.nowMs = SILENT_MS + 1
    read(0, 20, 1_000_000, { file: 'new' })
    await progress.snapshot(openSinceMs)()
    expect(floors(commits[1])).toEqual([[0, 30, 10]])
  })

  test('never goes back behind what the group had stored, though a replay reads there', async () => {
    const { progress, commits, read } = progressOn()
    progress.assigned({ gained: [{ partition: 0, storedThrough: 50 }], lost: [] })
    read(0, 0, 0, { isReplay: true })
    expect(progress.isStored()).toBe(true)
    await progress.snapshot(() => 0)()
    expect(floors(commits[0])).toEqual([[0, 50, 0]])
    read(0, 50, 0)
    expect(progress.isStored()).toBe(false)
  })

  test('is not committed again where it is the same', async () => {
    const { progress, commits, read } = progressOn()
    progress.assigned({ gained: [{ partition: 0, storedThrough: 0 }], lost: [] })
    read(0, 0, 0)
    await progress.snapshot(() => 0)()
    await progress.snapshot(() => 0)()
    expect(commits).toHaveLength(1)
  })

  test('is committed again where the group would not take it', async () => {
    const { progress, commits, read, state } = progressOn()
    progress.assigned({ gained: [{ partition: 0, storedThrough: 0 }], lost: [] })
    read(0, 0, 0)
    state.notOurs = [0]
    await progress.snapshot(() => 0)()
    await progress.snapshot(() => 0)()
    expect(commits).toHaveLength(2)
  })
})

test('a partition that was lost, or lost and gained, is not committed by a snapshot of before', async () => {
  const { progress, commits, read } = progressOn()
  progress.assigned({ gained: [0, 1, 2].map((partition) => ({ partition, storedThrough: 0 })), lost: [] })
  for (const partition of [0, 1, 2]) read(partition, 0, 0)
  const save = progress.snapshot(() => 0)
  progress.assigned({ gained: [{ partition: 1, storedThrough: 0 }], lost: [0, 1] })
  await save()
  expect(commits.map(floors)).toEqual([[[2, 10, 0]]])
})

test('the lag of a partition is what lies before it, in records and in event time', () => {
  const { progress, read } = progressOn()
  progress.assigned({ gained: [{ partition: 4, storedThrough: 0 }], lost: [] })
  read(4, 0, 5_000, { file: 'a' })
  read(4, 10, 3_000, { file: 'b' })
  expect(progress.lag()).toEqual([{ topic: 't', partition: 4, records: 980, reachedMs: 5_000 }])
})
