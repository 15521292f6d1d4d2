import { describe, expect, test } from '@jest/globals'
import { estimateOf, type IdleTimeoutEstimate } from '../../src/diagnose/idle-timeout.js'
import { RaceModel } from '../../src/diagnose/race-model.js'
import type { Reset } from '../../src/diagnose/reset.js'
import { resetsOf, type Target } from '../support/random-resets.js'

const NOTHING = { state: 'insufficient', timeoutMs: null, lowMs: null, highMs: null }

const estimate = (resets: readonly Reset[], timeoutMs: number | null = null): IdleTimeoutEstimate =>
  estimateOf(new RaceModel(resets, timeoutMs), resets)

const often =
  (timeoutMs: number) =>
  (random: () => number): number =>
    random() < 0.3 ? timeoutMs * (0.9 + 0.12 * random()) : timeoutMs * 10 ** (2 * random() - 1.5)

const ofTarget = (timeoutMs: number, target: Partial<Target> = {}): readonly Reset[] =>
  resetsOf({
    seed: 3,
    timeoutMs,
    requests: 2_000,
    premature: 0.02,
    idleMs: often(timeoutMs),
    raceMs: timeoutMs / 100,
    ...target,
  }).map(({ reset }) => reset)

describe('an estimate of the idle timeout', () => {
  test.each([2_000, 5_000, 13_700, 75_000])('of %i ms is within 5 %%, and its interval holds it', (timeoutMs) => {
    const { state, timeoutMs: estimated, lowMs, highMs, races } = estimate(ofTarget(timeoutMs))
    expect(state).toBe('estimated')
    expect(races).toBeGreaterThan(20)
    expect(Math.abs((estimated as number) / timeoutMs - 1)).toBeLessThan(0.05)
    expect(lowMs).toBeLessThanOrEqual(estimated as number)
    expect(highMs).toBeGreaterThanOrEqual(estimated as number)
    // The last requests that the target answered and the first that it did not: what resets can tell.
    expect(lowMs).toBeLessThanOrEqual(timeoutMs)
    expect(highMs).toBeGreaterThanOrEqual(timeoutMs * 0.99)
  })

  test('is in whole milliseconds', () => {
    const { timeoutMs, lowMs, highMs } = estimate(ofTarget(5_000))
    expect([timeoutMs, lowMs, highMs].every(Number.isInteger)).toBe(true)
  })

  test('is not made of too few races', () => {
    const resets = ofTarget(5_000, { premature: 0 })
    expect(estimate(resets.slice(0, 4))).toEqual({ ...NOTHING, races: 4 })
    expect(estimate([])).toEqual({ ...NOTHING, races: 0 })
  })

  test('is not made of premature closes', () => {
    const resets = ofTarget(1e9, { premature: 0.05, idleMs: (random) => 300 * 100 ** random() })
    expect(resets.length).toBeGreaterThan(50)
    expect(estimate(resets)).toEqual({ ...NOTHING, races: 0 })
  })
})
