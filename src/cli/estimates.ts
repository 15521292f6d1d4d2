import type { IdleTimeoutEstimate } from '../diagnose/idle-timeout.js'
import type { Populations } from '../diagnose/population.js'
import { TargetIdleTimes } from '../diagnose/target-idle-times.js'
import { type WhatIf, whatIf } from '../diagnose/what-if.js'
import type { KnownOfTargets } from '../pipeline/held-failures.js'

/** All that logs tell of the idle timeout of one target. */
export interface TargetEstimate {
  /** host:port as in the log. */
  readonly target: string
  readonly estimate: IdleTimeoutEstimate
  readonly idleTimes: TargetIdleTimes
  /** Empty where there is no estimate. */
  readonly whatIf: readonly WhatIf[]
  /** Resets of which no line says what connection they took. */
  readonly unknownResets: number
}

/** Of every target whose connections or resets the logs tell of: those with most races first. */
export function estimatesOf({ estimates, idleTimes }: KnownOfTargets, populations: Populations): TargetEstimate[] {
  const targets = new Set([...estimates.keys(), ...idleTimes.keys(), ...populations.targets])
  return [...targets]
    .map((target) => {
      const estimate = estimates.get(target) ?? NOTHING
      const times = idleTimes.get(target) ?? new TargetIdleTimes()
      return {
        target,
        estimate,
        idleTimes: times,
        whatIf: estimate.timeoutMs === null ? [] : whatIf(estimate.races, estimate.timeoutMs, times),
        unknownResets: populations.of(target)?.resets ?? 0,
      }
    })
    .sort((a, b) => b.estimate.races - a.estimate.races || (a.target < b.target ? -1 : 1))
}

const NOTHING: IdleTimeoutEstimate = { state: 'insufficient', timeoutMs: null, lowMs: null, highMs: null, races: 0 }
