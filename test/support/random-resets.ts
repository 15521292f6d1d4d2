import { IdleTimes } from '../../src/diagnose/idle-times.js'
import type { Reset } from '../../src/diagnose/reset.js'

export type Kind = 'race' | 'premature'

export interface SeededReset {
  readonly reset: Reset
  readonly kind: Kind
}

/** A target that closes idle connections, and too early now and then; requests of one API come to it. */
export interface Target {
  readonly seed: number
  readonly timeoutMs: number
  readonly requests: number
  /** Share of requests that the target reads and closes on. */
  readonly premature: number
  /** Idle time in milliseconds of the next request's connection; by default over three orders, the timeout in the middle. */
  readonly idleMs?: (random: () => number) => number
  /** How far before its timeout a request races with the close, in milliseconds; 0: never. */
  readonly raceMs?: number
  /** By how much the log's clock is off, in milliseconds. */
  readonly lagMs?: number
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The resets of a target over some minutes, with what each one was. */
export function resetsOf(target: Target): readonly SeededReset[] {
  const { timeoutMs, raceMs = 20, lagMs = 5 } = target
  const random = randomOf(target.seed)
  const idleMs = target.idleMs ?? ((next) => timeoutMs * 10 ** (3 * next() - 1.5))
  const times = new IdleTimes()
  const resets: SeededReset[] = []
  for (let i = 0; i < target.requests; i++) {
    const timeMs = i * 200
    const trueMs = idleMs(random)
    // A connection that the target has closed in time is not there to be taken.
    if (trueMs > timeoutMs) continue
    const loggedMs = Math.max(0, Math.round(trueMs - lagMs * Math.log(1 - random()) * (random() < 0.5 ? -1 : 1)))
    const kind = trueMs > timeoutMs - raceMs ? 'race' : random() < target.premature ? 'premature' : null
    if (kind === null) times.reused(timeMs, loggedMs)
    else resets.push({ kind, reset: { ...times.reset(timeMs, timeMs, loggedMs), ...errorOf(kind, random()) } })
  }
  return resets
}

function errorOf(kind: Kind, random: number): Pick<Reset, 'errorCode' | 'errorMessage'> {
  if (kind === 'race' && random < 0.1) return { errorCode: 'EPIPE', errorMessage: 'write EPIPE' }
  if (kind === 'premature' && random < 0.2) return { errorCode: 'ECONNRESET', errorMessage: 'read ECONNRESET' }
  return { errorCode: 'ECONNRESET', errorMessage: 'socket hang up' }
}
