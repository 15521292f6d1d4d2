import type { RaceModel } from './race-model.js'
import type { Reset } from './reset.js'

/** A target's idle timeout as its resets tell it. */
export interface IdleTimeoutEstimate {
  readonly state: 'estimated' | 'insufficient'
  /** Milliseconds, with the interval that holds it in 95 of 100 cases; null where the evidence does not suffice. */
  readonly timeoutMs: number | null
  readonly lowMs: number | null
  readonly highMs: number | null
  /** Resets that are likely races. */
  readonly races: number
  /** Closes in captures that show it; absent where resets tell. */
  readonly seenCloses?: number
}

/** So many races are needed, and so much certainty that there are any. */
const MIN_RACES = 5
const MIN_CERTAINTY = 0.95
/** An interval that is wider, as a share of the timeout, says too little. */
const MAX_WIDTH = 0.25
/** The grid of timeouts and the log's milliseconds are no finer. */
const PRECISION = 0.01

export function estimateOf(model: RaceModel, resets: readonly Reset[]): IdleTimeoutEstimate {
  const idleMs = resets.filter((reset) => model.raceProbability(reset) > 0.5).map(({ idle_ms }) => idle_ms)
  const races = idleMs.length
  const { timeouts } = model
  const certainty = timeouts.reduce((sum, { weight }) => sum + weight, 0)
  const quantile = (share: number): number => {
    let sum = 0
    for (const { timeoutMs, weight } of timeouts) {
      sum += weight
      if (sum >= share * certainty) return timeoutMs
    }
    return Number.NaN
  }
  // Where the log lags much, the model's middle and the races' densest place err to different sides.
  const densestMs = halfSampleMode(idleMs)
  const timeoutMs = Math.sqrt(quantile(0.5) * densestMs)
  const lowMs = Math.min(quantile(0.025), densestMs) * (1 - PRECISION)
  const highMs = Math.max(quantile(0.975), densestMs) * (1 + PRECISION)
  const isKnown = races >= MIN_RACES && certainty >= MIN_CERTAINTY && highMs - lowMs <= timeoutMs * MAX_WIDTH
  if (!isKnown) return { state: 'insufficient', timeoutMs: null, lowMs: null, highMs: null, races }
  return {
    state: 'estimated',
    timeoutMs: Math.round(timeoutMs),
    lowMs: Math.round(lowMs),
    highMs: Math.round(highMs),
    races,
  }
}

/** Where values are densest, as shares of them: the half of them that lies closest together, and its half, and so on. */
function halfSampleMode(values: readonly number[]): number {
  let sample = [...values].sort((a, b) => a - b)
  while (sample.length > 2) {
    const half = Math.ceil(sample.length / 2)
    let closest = 0
    for (let at = 1; at + half <= sample.length; at++) {
      if (sample[at + half - 1] / sample[at] < sample[closest + half - 1] / sample[closest]) closest = at
    }
    const next = sample.slice(closest, closest + half)
    if (next.length === sample.length) break
    sample = next
  }
  return sample.length === 0 ? Number.NaN : (sample[0] + sample[sample.length - 1]) / 2
}
