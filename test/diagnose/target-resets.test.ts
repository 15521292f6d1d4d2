import { describe, expect, test } from '@jest/globals'
import type { Reset } from '../../src/diagnose/reset.js'
import { TargetResets } from '../../src/diagnose/target-resets.js'

const HANG_UP = { errorCode: 'ECONNRESET', errorMessage: 'socket hang up' }

/** A gateway where most requests come on connections that have been idle for as long as the target keeps them. */
const races = (count: number): readonly Reset[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ idle_ms: 1_000 + (i % 12) * 5, reuses: 40, reuses_near: 22, reuses_same: 12, resets_near: i },
    ...HANG_UP,
  }))

/** Another one, where requests come at any idle time alike, and the target closes in the middle of some. */
const prematureCloses = (count: number): readonly Reset[] =>
  Array.from({ length: count }, (_, i) => {
    const idleMs = 130 + ((i * 37) % 900)
    const near = Math.round(idleMs * 0.134)
    const same = Math.round(idleMs * 0.033)
    return { idle_ms: idleMs, reuses: 900, reuses_near: near, reuses_same: same, resets_near: 2, ...HANG_UP }
  })

function resetsOf(byProcess: Readonly<Record<string, readonly Reset[]>>): TargetResets {
  const target = new TargetResets(null)
  for (const [process, resets] of Object.entries(byProcess)) for (const reset of resets) target.add(process, reset)
  return target
}

describe('the resets of a target', () => {
  const [race] = races(20).slice(10)
  const [premature] = prematureCloses(1)

  test('are races of one gateway also where another sees premature closes alone', () => {
    const target = resetsOf({ a: races(60), b: prematureCloses(300) })
    expect(target.groupOf('a').model.raceProbability(race)).toBeGreaterThan(0.9)
    expect(target.groupOf('b').model.raceProbability(premature)).toBeLessThan(0.1)
    expect(target.estimate()).toMatchObject({ state: 'estimated' })
    expect(Math.abs((target.estimate().timeoutMs ?? 0) - 1_000)).toBeLessThan(50)
  })

  test('are judged together where each gateway saw few of them', () => {
    const all = races(60)
    const few = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`p${i}`, all.slice(i * 5, i * 5 + 5)]))
    const target = resetsOf(few)
    expect(target.groupOf('p3').model).toBe(target.groupOf('p7').model)
    expect(target.groupOf('p3').model.raceProbability(race)).toBeGreaterThan(0.9)
  })

  test('give the races of all gateways to the estimate', () => {
    const both = resetsOf({ a: races(60), b: races(40) }).estimate().races
    expect(both).toBe(resetsOf({ a: races(60) }).estimate().races + resetsOf({ b: races(40) }).estimate().races)
  })

  test('are judged anew when more come', () => {
    const target = resetsOf({ a: races(2) })
    const before = target.groupOf('a').model.raceProbability(race)
    for (const each of races(58)) target.add('a', each)
    expect(target.groupOf('a').model.raceProbability(race)).toBeGreaterThan(before)
  })
})
