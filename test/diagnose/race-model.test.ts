import { describe, expect, test } from '@jest/globals'
import { RaceModel } from '../../src/diagnose/race-model.js'
import type { Reset } from '../../src/diagnose/reset.js'
import { takesLinearTime } from '../support/linear.js'
import { type Kind, randomOf, resetsOf, type SeededReset, type Target } from '../support/random-resets.js'

/** Requests at all idle times, and three in ten at about the timeout. */
const often =
  (timeoutMs: number) =>
  (random: () => number): number =>
    random() < 0.3 ? timeoutMs * (0.9 + 0.12 * random()) : timeoutMs * 10 ** (2 * random() - 1.5)

const targetOf = (timeoutMs: number, target: Partial<Target> = {}): Target => ({
  seed: 1,
  timeoutMs,
  requests: 2_000,
  premature: 0,
  idleMs: often(timeoutMs),
  raceMs: timeoutMs / 100,
  ...target,
})

const modelOf = (resets: readonly SeededReset[], timeoutMs: number | null = null): RaceModel =>
  new RaceModel(
    resets.map(({ reset }) => reset),
    timeoutMs,
  )

/** Verdicts that are sure enough: what each was, and what it was told to be. */
function verdictsOf(resets: readonly SeededReset[], sure = 0.6): readonly (readonly [Kind, Kind])[] {
  const model = modelOf(resets)
  return resets.flatMap(({ reset, kind }): (readonly [Kind, Kind])[] => {
    const race = model.raceProbability(reset)
    if (race >= sure) return [[kind, 'race']]
    return 1 - race >= sure ? [[kind, 'premature']] : []
  })
}

const shareOf = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole)
const isRace = ({ kind }: SeededReset): boolean => kind === 'race'

function precisionAndRecall(resets: readonly SeededReset[]) {
  const told = verdictsOf(resets).filter(([, verdict]) => verdict === 'race')
  const right = told.filter(([kind]) => kind === 'race').length
  return { precision: shareOf(right, told.length), recall: shareOf(right, resets.filter(isRace).length) }
}

/** The timeout in the middle of those that it holds likely. */
function timeoutOf(model: RaceModel): number {
  const certainty = model.timeouts.reduce((sum, { weight }) => sum + weight, 0)
  let sum = 0
  return model.timeouts.find(({ weight }) => {
    sum += weight
    return sum >= certainty / 2
  })?.timeoutMs as number
}

describe('races', () => {
  test.each([
    ['a short timeout', 2_000],
    ['a usual timeout', 5_000],
    ['a timeout that is nobody’s default', 13_700],
    ['a long timeout', 75_000],
  ])('are found at %s, and it is', (_, timeoutMs) => {
    const resets = resetsOf(targetOf(timeoutMs, { premature: 0.01 }))
    expect(resets.filter(isRace).length).toBeGreaterThan(30)
    const { precision, recall } = precisionAndRecall(resets)
    expect(precision).toBeGreaterThanOrEqual(0.95)
    expect(recall).toBeGreaterThanOrEqual(0.98)
    expect(Math.abs(timeoutOf(modelOf(resets)) / timeoutMs - 1)).toBeLessThan(0.05)
  })

  test('are found of a quiet API beside one that the target often closes too early', () => {
    const quiet = resetsOf(targetOf(2_000, { requests: 400, seed: 2 }))
    const busy = resetsOf({ ...targetOf(2_000, { premature: 0.2, seed: 3 }), idleMs: (random) => 10 ** (3 * random()) })
    expect(busy.filter((each) => !isRace(each)).length).toBeGreaterThan(3 * quiet.filter(isRace).length)
    const of = (resets: readonly SeededReset[], origin: string): SeededReset[] =>
      resets.map(({ kind, reset }) => ({ kind, reset: { ...reset, origin } }))
    const { precision, recall } = precisionAndRecall([...of(quiet, 'gw\nquiet'), ...of(busy, 'gw\nbusy')])
    expect(precision).toBeGreaterThanOrEqual(0.9)
    expect(recall).toBeGreaterThanOrEqual(0.95)
  })

  test('are found among twice as many premature closes', () => {
    const resets = resetsOf(targetOf(5_000, { premature: 0.1 }))
    expect(resets.filter((each) => !isRace(each)).length).toBeGreaterThan(2 * resets.filter(isRace).length)
    const { precision, recall } = precisionAndRecall(resets)
    expect(precision).toBeGreaterThanOrEqual(0.93)
    expect(recall).toBeGreaterThanOrEqual(0.95)
    expect(Math.abs(timeoutOf(modelOf(resets)) / 5_000 - 1)).toBeLessThan(0.05)
  })

  test('are found among ten times as many premature closes of many requests', () => {
    const resets = resetsOf(targetOf(5_000, { requests: 30_000, premature: 0.1, raceMs: 12 }))
    expect(resets.filter((each) => !isRace(each)).length).toBeGreaterThan(10 * resets.filter(isRace).length)
    const { precision, recall } = precisionAndRecall(resets)
    expect(precision).toBeGreaterThanOrEqual(0.85)
    expect(recall).toBeGreaterThanOrEqual(0.9)
    expect(Math.abs(timeoutOf(modelOf(resets)) / 5_000 - 1)).toBeLessThan(0.05)
  })

  test('are not seen in premature closes at all idle times', () => {
    const idleMs = (random: () => number): number => 300 * 100 ** random()
    const resets = resetsOf(targetOf(1e9, { premature: 0.03, idleMs }))
    expect(resets.length).toBeGreaterThan(30)
    expect(verdictsOf(resets).filter(([, verdict]) => verdict === 'race')).toEqual([])
  })

  // Such resets cluster, too. Seeds 2 and 3 made races of two bins of traffic.
  test.each([1, 2, 3, 4])(
    'are not seen in premature closes of requests that come every two seconds (seed %i)',
    (seed) => {
      const idleMs = (random: () => number): number => 2_000 + 20 * random()
      const resets = resetsOf(targetOf(1e9, { seed, requests: 3_000, premature: 0.03, idleMs }))
      expect(resets.length).toBeGreaterThan(30)
      expect(verdictsOf(resets).filter(([, verdict]) => verdict === 'race')).toEqual([])
    },
  )

  test('are not seen in a thousand premature closes of requests that come every two seconds', () => {
    const idleMs = (random: () => number): number => 2_000 + 20 * random()
    const resets = resetsOf(targetOf(1e9, { requests: 30_000, premature: 0.04, idleMs }))
    expect(resets.length).toBeGreaterThan(1_000)
    expect(verdictsOf(resets).filter(([, verdict]) => verdict === 'race')).toEqual([])
  })
})

describe('what is little', () => {
  const reset: Reset = {
    idle_ms: 3_300,
    reuses: 40,
    reuses_near: 1,
    reuses_same: 0,
    resets_near: 0,
    errorCode: 'ECONNRESET',
    errorMessage: 'socket hang up',
  }

  test('says nothing for sure: a single reset', () => {
    const race = new RaceModel([reset]).raceProbability(reset)
    expect(race).toBeLessThan(0.9)
    expect(race).toBeGreaterThan(0.1)
  })

  test('says more with a known timeout, and more against a race far from it', () => {
    const probability = (timeoutMs: number | null): number => new RaceModel([reset], timeoutMs).raceProbability(reset)
    expect(probability(3_310)).toBeGreaterThan(probability(null))
    expect(probability(60_000)).toBeLessThan(probability(null))
  })

  test('of no resets, no timeout is known', () => {
    expect(new RaceModel([]).timeouts.every(({ weight }) => Number.isFinite(weight))).toBe(true)
  })
})

test('the order of resets changes nothing', () => {
  const resets = resetsOf(targetOf(5_000, { premature: 0.03, requests: 1_000 }))
  const random = randomOf(7)
  const shuffled = resets
    .map((each) => ({ each, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ each }) => each)
  const probabilities = (model: RaceModel): readonly number[] => resets.map(({ reset }) => model.raceProbability(reset))
  expect(probabilities(modelOf(shuffled))).toEqual(probabilities(modelOf(resets)))
  expect(modelOf(shuffled).timeouts).toEqual(modelOf(resets).timeouts)
})

test('of verdicts at 0.9 or more, nine of ten are right', () => {
  const random = randomOf(42)
  const verdicts = Array.from({ length: 24 }, (_, index) => {
    const timeoutMs = 1_500 * 40 ** random()
    const raceMs = random() < 0.3 ? 0 : timeoutMs / 100
    const premature = [0, 0.01, 0.05, 0.15][index % 4]
    return resetsOf(targetOf(timeoutMs, { seed: index + 1, requests: 400, premature, raceMs, lagMs: 20 * random() }))
  }).flatMap((resets) => verdictsOf(resets, 0.9))
  for (const told of ['race', 'premature']) {
    const all = verdicts.filter(([, verdict]) => verdict === told)
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(([kind]) => kind === told).length / all.length).toBeGreaterThanOrEqual(0.9)
  }
})

test('more resets take no more than as much more time', () => {
  const some = resetsOf(targetOf(5_000, { premature: 0.1 })).map(({ reset }) => reset)
  const many = (count: number): readonly Reset[] => Array.from({ length: count }, (_, i) => some[i % some.length])
  expect(takesLinearTime((length) => () => new RaceModel(many(length / 16)))).toBe(true)
})
