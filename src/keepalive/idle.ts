/** After how long one side of a connection gives it up when nothing happens on it. */
export type Idle =
  | { readonly kind: 'after'; readonly ms: number }
  /** It waits for the other side to close. */
  | { readonly kind: 'never' }
  /** It closes after each response and says so: no connection is used again. */
  | { readonly kind: 'no_reuse' }
  | { readonly kind: 'unknown' }

export const NEVER: Idle = { kind: 'never' }
export const NO_REUSE: Idle = { kind: 'no_reuse' }
export const UNKNOWN: Idle = { kind: 'unknown' }

export function idleFor(ms: number): Idle {
  return { kind: 'after', ms }
}

/** Where an idle time comes from. */
export type IdleSource = 'given' | 'file' | 'default' | 'estimated' | 'unknown'

/** An idle time, and what says so. */
export interface IdleFact {
  readonly idle: Idle
  readonly source: IdleSource
  /** For people: `nginx.conf:12`, `default of Tomcat`, or why it is not known. */
  readonly from: string
}

export function unknown(why: string): IdleFact {
  return { idle: UNKNOWN, source: 'unknown', from: why }
}

/** `400 ms`, `65 s`, `1.1 s`: in seconds, so that all times of a chain can be compared at a glance. */
export function formatMs(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(3))} s`
}
