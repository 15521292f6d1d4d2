import type { IdleTimeoutEstimate } from '../diagnose/idle-timeout.js'
import { Outages } from '../diagnose/outages.js'
import { Populations } from '../diagnose/population.js'
import { longEnough, whatIf } from '../diagnose/what-if.js'
import type { IdleTimeoutFacts, TargetFacts } from '../frequency/advice.js'
import { UNKNOWN_TARGET } from '../frequency/advice.js'
import { saferTimeoutMs } from '../keepalive/safer-timeout.js'
import type { KnownOfTargets } from '../pipeline/held-failures.js'
import type { IndexDocument } from '../records.js'

/** What failures tell of targets, collected as they come. */
export class Told {
  readonly populations = new Populations()
  readonly outages = new Outages()

  add(documents: readonly IndexDocument[]): void {
    for (const each of documents) {
      if (each.kind !== 'failure') continue
      this.populations.add(each.document)
      this.outages.add(each.document)
    }
  }
}

/** What a report's advice goes by, of any target. */
export function factsOf(
  known: KnownOfTargets,
  { populations, outages }: Pick<Told, 'populations' | 'outages'>,
): (target: string) => TargetFacts {
  return (target) => ({
    idleTimeout: idleTimeoutOf(target, known),
    population: populations.of(target === UNKNOWN_TARGET ? null : target),
    outages: outages.of(target),
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

/** Those that suffice, by target. */
export function estimatedOf(estimates: ReadonlyMap<string, IdleTimeoutEstimate>): ReadonlyMap<string, Estimated> {
  return new Map([...estimates].filter((each): each is [string, Estimated] => isEstimated(each[1])))
}
