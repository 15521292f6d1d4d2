import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DayResets } from '../../src/diagnose/day-resets.js'

const reset = (idle_ms: number) => ({
  ...{ idle_ms, reuses: 10, reuses_near: 1, reuses_same: 1, resets_near: 0 },
  ...{ errorCode: 'ECONNRESET', errorMessage: 'socket hang up' },
})

function daysOf(ids: readonly string[], maxResets: number): DayResets {
  const day = new DayResets({ maxResets })
  for (const id of ids) day.add(id, { process: id, reset: reset(1_000) })
  return day
}

const idsIn = (day: DayResets): readonly string[] => day.seen.map(({ process }) => process).sort()

describe('the resets of a day', () => {
  test('are all of them where they are few, the last of one id', () => {
    const day = daysOf(['a', 'b', 'a'], 10)
    day.add('b', { process: 'b again', reset: reset(2_000) })
    expect(idsIn(day)).toEqual(['a', 'b again'])
    expect(day.added).toBe(4)
  })

  test('are the same sample in whatever order they come, and however often', () => {
    const ids = Array.from({ length: 60 }, (_, n) => `id-${n}`)
    const sample = idsIn(daysOf(ids, 7))
    expect(sample).toHaveLength(7)
    const repeated = fc.array(fc.constantFrom(...ids), { maxLength: 60 })
    const shuffled = fc.shuffledSubarray(ids, { minLength: ids.length, maxLength: ids.length })
    fc.assert(
      fc.property(shuffled, repeated, (order, more) => {
        expect(idsIn(daysOf([...more, ...order], 7))).toEqual(sample)
      }),
    )
  })

  test('are sampled without regard to what their ids look like', () => {
    const sample = idsIn(
      daysOf(
        Array.from({ length: 2_000 }, (_, n) => `${n < 1_000 ? 'a' : 'b'}-${n}`),
        200,
      ),
    )
    const ofA = sample.filter((id) => id.startsWith('a')).length
    expect(ofA).toBeGreaterThan(60)
    expect(ofA).toBeLessThan(140)
  })

  test('are bounded in number', () => {
    expect(
      daysOf(
        Array.from({ length: 1_000 }, (_, n) => `${n}`),
        10,
      ).size,
    ).toBeLessThan(20)
  })
})
