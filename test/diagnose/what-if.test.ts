import { describe, expect, test } from '@jest/globals'
import { IdleTimes } from '../../src/diagnose/idle-times.js'
import { TargetIdleTimes } from '../../src/diagnose/target-idle-times.js'
import { longEnough, whatIf } from '../../src/diagnose/what-if.js'

/** Requests that come at idle times as given, so many each; and the resets of the races. */
function seen(requests: Readonly<Record<number, number>>, races: { readonly atMs: number; readonly count: number }) {
  const well = new IdleTimes()
  for (const [idleMs, count] of Object.entries(requests)) {
    for (let request = 0; request < count; request++) well.reused(0, Number(idleMs))
  }
  const times = new TargetIdleTimes()
  times.add(well)
  for (let race = 0; race < races.count; race++) times.reset(races.atMs)
  return times
}

const avoidedAt = (others: ReturnType<typeof whatIf>, idleTimeoutMs: number): number | undefined =>
  others.find((each) => each.idleTimeoutMs === idleTimeoutMs)?.avoided

describe('whatIf', () => {
  const fewLater = seen({ 1900: 50, 2050: 30, 5000: 10, 60000: 0 }, { atMs: 2_000, count: 20 })

  test('avoids all races at a timeout at which no request comes', () => {
    expect(avoidedAt(whatIf(20, 2_000, fewLater), 60_000)).toBe(20)
  })

  test('moves races to where requests come, in proportion to how many do in a millisecond', () => {
    // 100 requests within 7 % of 2 s, 10 within 7 % of 5 s, where that is 2.5 times as long: 4 % of the density.
    expect(avoidedAt(whatIf(20, 2_000, fewLater), 5_000)).toBe(19)
    const many = seen({ 2000: 80, 5000: 200 }, { atMs: 2_000, count: 20 })
    expect(avoidedAt(whatIf(20, 2_000, many), 5_000)).toBe(4)
  })

  test('never avoids less than none, where more requests come there', () => {
    const more = seen({ 2000: 30, 5000: 9_000 }, { atMs: 2_000, count: 20 })
    expect(avoidedAt(whatIf(20, 2_000, more), 5_000)).toBe(0)
  })

  test('leaves out timeouts that are the one at hand', () => {
    expect(avoidedAt(whatIf(20, 4_900, seen({ 4900: 5 }, { atMs: 4_900, count: 20 })), 5_000)).toBeUndefined()
  })

  test('tells of usual timeouts, shortest first', () => {
    const times = whatIf(20, 2_000, fewLater).map(({ idleTimeoutMs }) => idleTimeoutMs)
    expect(times[0]).toBe(5_000)
    expect(times.at(-1)).toBe(600_000)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })
})

describe('longEnough', () => {
  const others = [
    { idleTimeoutMs: 5_000, avoided: 100 },
    { idleTimeoutMs: 30_000, avoided: 40 },
    { idleTimeoutMs: 60_000, avoided: 96 },
    { idleTimeoutMs: 120_000, avoided: 100 },
  ]

  test('is the shortest longer timeout that avoids nearly all races', () => {
    expect(longEnough(100, 10_000, others)).toBe(60_000)
  })

  test('is null where none does', () => {
    expect(longEnough(100, 130_000, others)).toBeNull()
  })
})
