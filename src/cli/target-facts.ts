import type { IdleTimeoutEstimate } from '../diagnose/idle-timeout.js'
import type { Outages } from '../diagnose/outages.js'
import type { Populations } from '../diagnose/population.js'
import { longEnough, whatIf } from '../diagnose/what-if.js'
import type { IdleTimeoutFacts, TargetFacts } from '../frequency/advice.js'
import { UNKNOWN_TARGET } from '../frequency/advice.js'
import { saferTimeoutMs } from '../keepalive/safer-timeout.js'
import type { Analysis } from '../pipeline/analyze.js'

export type KnownOfTargets = Pick<Analysis, 'estimates' | 'idleTimes'>

/** What failures tell of targets, collected as they came. */
export interface Told {
  readonly populations: Populations
  readonly outages: Outages
}

/** What a report's advice goes by, of any target. */
export function factsOf(known: KnownOfTargets & Told): (target: string) => TargetFacts {
  return (target) => ({
    idleTimeout: idleTimeoutOf(target, known),
    population: known.populations.of(target === UNKNOWN_TARGET ? null : target),
    outages: known.outages.of(target),
  })
}

function idleTimeoutOf(target: string, { estimates, idleTimes }: KnownOfTargets): IdleTimeoutFacts | null {
  const estimate = estimates.get(target)
  const times = idleTimes.get(target)
  if (!isEstimated(estimate) || times === undefined) return null
  const { timeoutMs, lowMs, highMs, races } = estimate
  return {
    timeoutMs,
    lowMs,
    highMs,
    longEnoughMs: longEnough(races, timeoutMs, whatIf(races, timeoutMs, times)),
    saferMs: saferTimeoutMs(lowMs),
  }
}

export type Estimated = IdleTimeoutEstimate & {
  readonly timeoutMs: number
  readonly lowMs: number
  readonly highMs: number
}

export function isEstimated(estimate: IdleTimeoutEstimate | undefined): estimate is Estimated {
  return estimate?.state === 'estimated'
}
