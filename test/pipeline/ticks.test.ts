import { describe, expect, test } from '@jest/globals'
import { Activity, withTicks } from '../../src/pipeline/ticks.js'
import type { LineBlock } from '../../src/records.js'
import type { Source } from '../../src/sources/source.js'
import { blockOf } from '../support/lines.js'

const never = new AbortController().signal
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

/** Gives the blocks, then waits until it is stopped. */
class FakeSource implements Source {
  stopped = false

  constructor(
    private readonly blocks: readonly LineBlock[],
    private readonly end: (signal: AbortSignal) => Promise<void> = untilAborted,
  ) {}

  async *read(signal: AbortSignal): AsyncGenerator<LineBlock> {
    try {
      yield* this.blocks
      await this.end(signal)
    } finally {
      this.stopped = true
    }
  }
}

describe('ticks', () => {
  test('come between blocks and where no block comes', async () => {
    const block = blockOf('line\n')
    const source = new FakeSource([block])
    const seen: (LineBlock | null)[] = []
    for await (const each of withTicks(source, { tickMs: 5, signal: never })) {
      seen.push(each)
      if (seen.length === 4) break
    }
    expect(seen).toEqual([block, null, null, null])
    expect(source.stopped).toBe(true)
  })

  test('come on time while blocks come faster', async () => {
    const source = new FakeSource(Array.from({ length: 100_000 }, () => blockOf('line\n')))
    let blocks = 0
    for await (const each of withTicks(source, { tickMs: 5, signal: never })) {
      if (each === null) break
      blocks++
    }
    expect(blocks).toBeGreaterThan(0)
    expect(blocks).toBeLessThan(100_000)
  })

  test('are not given where none are wanted', async () => {
    const source = new FakeSource(
      [blockOf('a\n'), blockOf('b\n')],
      () => new Promise((resolve) => setTimeout(resolve, 30)),
    )
    const seen: unknown[] = []
    for await (const each of withTicks(source, { tickMs: null, signal: never })) seen.push(each)
    expect(seen).toHaveLength(2)
    expect(seen).not.toContain(null)
  })

  test('end when the source does, and when the signal aborts', async () => {
    const ended: unknown[] = []
    for await (const each of withTicks(new FakeSource([], async () => {}), { tickMs: 1_000, signal: never }))
      ended.push(each)
    expect(ended).toEqual([])
    const stop = new AbortController()
    const source = new FakeSource([])
    for await (const each of withTicks(source, { tickMs: 5, signal: stop.signal })) if (each === null) stop.abort()
    expect(source.stopped).toBe(true)
  })

  test('bring the failure of a source when its turn comes, also where the reader is slow', async () => {
    const broken = new Error('broken')
    const source = new FakeSource([blockOf('line\n')], () => Promise.reject(broken))
    const read = async (): Promise<void> => {
      for await (const _ of withTicks(source, { tickMs: 1, signal: never })) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    await expect(read()).rejects.toBe(broken)
  })
})

describe('activity', () => {
  test('tells each partition once when it has gone quiet, and again after new lines', () => {
    const activity = new Activity(10_000)
    activity.note('a', 0)
    activity.note('b', 5_000)
    expect(activity.quiet(9_999)).toEqual([])
    expect(activity.quiet(10_000)).toEqual(['a'])
    expect(activity.quiet(20_000)).toEqual(['b'])
    expect(activity.quiet(30_000)).toEqual([])
    activity.note('a', 30_000)
    expect(activity.quiet(40_000)).toEqual(['a'])
  })
})
