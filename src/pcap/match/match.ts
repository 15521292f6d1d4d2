import type { Pair } from './clock-offset.js'
import type { Likeness } from './likeness.js'
import type { LoggedFailure } from './logged-failure.js'
import type { WireRequest } from './wire-request.js'

/** A failure of the log with what a capture has of it. */
export interface Match {
  readonly failure: LoggedFailure
  /** `id`: the request names it. `path`, `time`: the only one that fits. `ambiguous`: several fit, or one does by chance. */
  readonly basis: 'id' | 'path' | 'time' | 'ambiguous'
  /** One where it is sure; else those of which none is much likelier than the others, the likeliest first. */
  readonly requests: readonly WireRequest[]
  /** One of `requests` is it; false where it may well be that none is. */
  readonly isAmong: boolean
}

/** A failure and a request that can be it. */
export interface Fit extends Pair {
  readonly likeness: Likeness
}

/** By failure: the nearest first. */
export type Fits = ReadonlyMap<LoggedFailure, readonly Fit[]>
