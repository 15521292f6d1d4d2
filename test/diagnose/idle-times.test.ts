import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { BINS, binOf, IdleTimes, nearWidth, sameWidth, startOf, WINDOW_MS } from '../../src/diagnose/idle-times.js'
import type { Reuse } from '../../src/records.js'

const MINUTE_MS = 60_000

describe('bins of idle times', () => {
  const times = fc.integer({ min: 0, max: 3_600_000 })

  test('never fall as the time grows', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        expect(binOf(Math.min(a, b))).toBeLessThanOrEqual(binOf(Math.max(a, b)))
      }),
    )
  })

  test('hold the times from their start to the next one', () => {
    fc.assert(
      fc.property(times, (ms) => {
        const bin = binOf(ms)
        expect(startOf(bin)).toBeLessThanOrEqual(ms)
        if (bin < BINS - 1) expect(ms).toBeLessThan(startOf(bin + 1) * (1 + 1e-9))
      }),
    )
  })

  test('are at most 1.1 % wide, but for the first and the last one', () => {
    for (let bin = 1; bin < BINS - 1; bin++) expect(startOf(bin + 1) / startOf(bin)).toBeLessThan(1.011)
  })

  test('are counted with their neighbours, where there are some', () => {
    expect([nearWidth(0), nearWidth(1), nearWidth(100), nearWidth(BINS - 1)]).toEqual([1, 7, 13, 7])
    expect([sameWidth(0), sameWidth(1), sameWidth(100), sameWidth(BINS - 1)]).toEqual([1, 2, 3, 2])
  })
})

describe('what was seen until a reset', () => {
  test('are requests on connections that had been idle for as long, for about as long, or for any time', () => {
    const times = new IdleTimes()
    for (const idleMs of [5_000, 5_000, 5_200, 8_000, 0]) times.reused(0, idleMs)
    times.reset(1_000, 1_000, 5_100)
    expect(times.reset(2_000, 2_000, 5_000)).toEqual({
      idle_ms: 5_000,
      reuses: 5,
      reuses_near: 3,
      reuses_same: 2,
      resets_near: 1,
    })
  })

  test('does not hold the reset itself, nor what comes later', () => {
    const times = new IdleTimes()
    const reset = times.reset(0, 0, 5_000)
    times.reused(1, 5_000)
    expect(reset).toEqual({ idle_ms: 5_000, reuses: 0, reuses_near: 0, reuses_same: 0, resets_near: 0 })
  })

  test('keeps the shortest idle times to themselves', () => {
    const times = new IdleTimes()
    for (const idleMs of [0, 100, 128, 130]) times.reused(0, idleMs)
    expect(times.reset(1, 1, 10)).toMatchObject({ reuses: 4, reuses_near: 2, reuses_same: 2 })
    expect(times.reset(1, 1, 128)).toMatchObject({ reuses: 4, reuses_near: 2 })
  })

  test('is that of the window of five minutes at hand and of the one before', () => {
    const seenAfter = (ms: number): number => {
      const times = new IdleTimes()
      times.reused(0, 5_000)
      return times.reset(ms, ms, 5_000).reuses
    }
    expect([seenAfter(0), seenAfter(2 * WINDOW_MS - 1), seenAfter(2 * WINDOW_MS)]).toEqual([1, 1, 0])
  })

  test('holds requests of all time in the totals alone', () => {
    const times = new IdleTimes()
    for (let minute = 0; minute < 100; minute++) times.reused(minute * MINUTE_MS, 5_000)
    expect(times.total[binOf(5_000)]).toBe(100)
    expect(times.reset(99 * MINUTE_MS, 99 * MINUTE_MS, 5_000).reuses).toBe(10)
  })
})

interface Event {
  readonly timeMs: number
  readonly idleMs: number
  readonly isReset: boolean
}

/** Some seconds out of order, as the lines of several workers are. */
const events: fc.Arbitrary<readonly Event[]> = fc
  .array(
    fc.record({
      atMs: fc.nat({ max: 8 * WINDOW_MS }),
      lateMs: fc.nat({ max: 30_000 }),
      idleMs: fc.constantFrom(0, 100, 2_000, 2_010, 2_100, 5_000, 5_300, 60_000),
      isReset: fc.boolean(),
    }),
    { maxLength: 200 },
  )
  .map((all) =>
    all
      .sort((a, b) => a.atMs + a.lateMs - b.atMs - b.lateMs)
      .map(({ atMs, idleMs, isReset }) => ({ timeMs: atMs, idleMs, isReset })),
  )

function seen(all: readonly Event[]): readonly (Reuse | null)[] {
  const times = new IdleTimes()
  return all.map(({ timeMs, idleMs, isReset }) => {
    if (isReset) return times.reset(timeMs, timeMs, idleMs)
    times.reused(timeMs, idleMs)
    return null
  })
}

test('what is told of a reset is the same wherever reading began, ten minutes or more before', () => {
  fc.assert(
    fc.property(events, fc.nat({ max: 8 * WINDOW_MS }), (all, fromMs) => {
      const whole = seen(all)
      const first = all.findIndex(({ timeMs }) => timeMs >= fromMs)
      const later = seen(all.slice(Math.max(0, first)))
      all.slice(Math.max(0, first)).forEach(({ timeMs, isReset }, i) => {
        // The lines of a worker that lags stand behind those of the others.
        if (isReset && timeMs >= fromMs + 2 * WINDOW_MS + 30_000)
          expect(later[i]).toEqual(whole[Math.max(0, first) + i])
      })
    }),
  )
})
