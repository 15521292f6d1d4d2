import type { SinkWatch } from './sink-watch.js'

/** A run loop that has not turned for so long stands still. */
const STALLED_MS = 60_000
/** A store that fails for a moment is no reason to send anybody away. */
const FAILING_MS = 5_000

/** `starting`: sinks and source are being opened. `stopping`: what was read is brought to the sinks. */
export type Phase = 'starting' | 'running' | 'stopping'

export interface HealthState {
  readonly phase: Phase
  /** Since the loop last did a step, on the monotonic clock. */
  readonly idleMs: number
  /** The loop waits for lines, and nothing says when they come. */
  readonly waitsForLines: boolean
  readonly sinks: readonly SinkWatch[]
  readonly nowMs: number
}

/** No reasons: all is well. Reasons are in our own words: no log text, no address, no secret. */
export interface Health {
  readonly reasons: readonly string[]
}

/**
 * Whether the process can still do its work: a supervisor starts it anew where it cannot. A store that is away is no
 * reason, since a new process would not reach it either; whoever waits for it is alive.
 */
export function liveness({ phase, idleMs, waitsForLines, sinks }: HealthState): Health {
  const waits = phase === 'starting' || waitsForLines || sinks.some((sink) => sink.isWriting || sink.failing !== null)
  if (waits || idleMs < STALLED_MS) return { reasons: [] }
  return { reasons: [`the run has not moved for ${seconds(idleMs)} s`] }
}

/** Whether lines are read and stored, now. */
export function readiness({ phase, sinks, nowMs }: HealthState): Health {
  const reasons: string[] = []
  if (phase === 'starting') reasons.push('starting')
  if (phase === 'stopping') reasons.push('stopping')
  for (const { sink, failing } of sinks) {
    if (failing === null || nowMs - failing.sinceMs < FAILING_MS) continue
    reasons.push(`${sink}: ${failing.code} for ${seconds(nowMs - failing.sinceMs)} s`)
  }
  return { reasons }
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000)
}
