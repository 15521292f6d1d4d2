import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { wilson } from '../../src/frequency/interval.js'

describe('wilson', () => {
  // R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
  test.each([
    ['81 of 263', 81, 263, 0.2553, 0.3662],
    ['15 of 148', 15, 148, 0.0624, 0.1605],
    ['0 of 20', 0, 20, 0, 0.1611],
    ['1 of 29', 1, 29, 0.0061, 0.1718],
  ])('agrees with the published value for %s', (_, successes, trials, low, high) => {
    const interval = wilson(successes, trials)
    expect(interval.low).toBeCloseTo(low, 4)
    expect(interval.high).toBeCloseTo(high, 4)
  })

  test('is everything where nothing was tried', () => {
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
  })

  test('holds the share that was seen and stays within 0 and 1', () => {
    fc.assert(
      fc.property(counts, fc.double({ min: 0.1, max: 6, noNaN: true }), ([successes, trials], z) => {
        const { low, high } = wilson(successes, trials, z)
        const share = successes / trials
        expect(low).toBeGreaterThanOrEqual(0)
        expect(low).toBeLessThanOrEqual(share)
        expect(high).toBeGreaterThanOrEqual(share)
        expect(high).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('narrows as more of the same is seen', () => {
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const once = wilson(successes, trials)
        const often = wilson(successes * 10, trials * 10)
        expect(often.high - often.low).toBeLessThan(once.high - once.low)
      }),
    )
  })
})

const counts = fc
  .integer({ min: 1, max: 1_000_000_000 })
  .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)))
