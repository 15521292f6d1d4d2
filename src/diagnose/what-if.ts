import type { TargetIdleTimes } from './target-idle-times.js'

/** What another idle timeout of a target would change. */
export interface WhatIf {
  readonly idleTimeoutMs: number
  /** How many of the races would not have happened. */
  readonly avoided: number
}

/** Timeouts that people set, and defaults of usual servers and balancers, in milliseconds. */
const USUAL_MS = [5, 10, 15, 20, 30, 60, 65, 75, 120, 300, 600].map((seconds) => seconds * 1000)
/** Idle times within this share of a timeout are as frequent as at the timeout itself. */
const REACH = 0.07

/**
 * How many races would not have happened at other usual idle timeouts of the target, shortest first. A race needs a request
 * that takes a connection just as its timeout ends, so there are as many as requests come at that idle time: at another
 * timeout, more or fewer in proportion. Nothing is known of a connection that has been idle for more than ten minutes.
 */
export function whatIf(races: number, timeoutMs: number, idleTimes: TargetIdleTimes): readonly WhatIf[] {
  const density = idleTimes.densityNear(timeoutMs, REACH)
  if (density === 0) return []
  return USUAL_MS.filter((otherMs) => Math.abs(otherMs / timeoutMs - 1) > REACH).map((otherMs) => {
    const otherRaces = (races * idleTimes.densityNear(otherMs, REACH)) / density
    return { idleTimeoutMs: otherMs, avoided: Math.max(0, Math.round(races - otherRaces)) }
  })
}

/** Where so large a share of the races is gone, the timeout is long enough. */
const ENOUGH = 0.95

/** The shortest of them that is longer than the timeout and avoids nearly all races; null where none does. */
export function longEnough(races: number, timeoutMs: number, others: readonly WhatIf[]): number | null {
  const found = others.find(({ idleTimeoutMs, avoided }) => idleTimeoutMs > timeoutMs && avoided >= ENOUGH * races)
  return found?.idleTimeoutMs ?? null
}
