import { BINS, binOf, startOf } from './idle-times.js'

/** A target's timeout is `timeoutMs`, and the log shows it with this spread below and above, in milliseconds. */
export interface Shape {
  readonly timeoutMs: number
  readonly leftMs: number
  readonly rightMs: number
  /** Power of the fall-off. */
  readonly tail: number
  /** How likely it is before anything is seen. */
  readonly prior: number
}

/** Spread of the measured idle time: the log's clock lags the socket's, at both ends of the idle time. */
const LEFT_MS = [4, 10, 25, 60, 150, 400, 1000]
const RIGHT_TO_LEFT = [1, 2, 4]
/** How fast both sides fall off, as powers: load comes in bursts, so that some lag much more than others. */
export const TAILS = [1.5, 4]
const SIDES = RIGHT_TO_LEFT.flatMap((factor) => TAILS.map((tail) => [factor, tail] as const))
/** A spread beyond this share of the timeout explains anything. */
const MAX_SPREAD = 1.5
/** Share of races whose idle time is that of any other request, where the spread is as long as the timeout; and at most. */
const MIXED_UP = 0.3

/** Shapes of one timeout; where it is known, it needs no luck to be met. */
export function shapesOf(timeoutMs: number, { isKnown = false } = {}): readonly Shape[] {
  const prior = (isKnown ? 1 : priorOf(timeoutMs)) / (LEFT_MS.length * SIDES.length)
  return LEFT_MS.flatMap((leftMs) =>
    SIDES.map(([factor, tail]) => ({ timeoutMs, leftMs, rightMs: leftMs * factor, tail, prior })),
  ).filter(({ leftMs, rightMs }) => leftMs + rightMs <= timeoutMs * MAX_SPREAD)
}

/**
 * What servers and balancers keep idle connections for where nobody says otherwise, in seconds (their documentation: gunicorn,
 * Node and Apache, Tomcat, Puma, Jetty, nginx as a proxy, AWS, nginx, IIS, Azure, Google).
 */
const DEFAULTS = [2, 5, 10, 15, 20, 30, 60, 65, 72, 75, 120, 240, 350, 600]
/** Sum of 1 / n over the whole seconds up to two minutes. */
const HARMONIC = 5.4

/** Half on any timeout of the same order as likely as of another one, the rest on whole seconds and on usual defaults. */
function priorOf(timeoutMs: number): number {
  const bin = binOf(timeoutMs)
  const isIn = (seconds: number): boolean => binOf(seconds * 1000) === bin
  const whole = Math.round(timeoutMs / 1000)
  return (
    0.5 / (BINS - 2) +
    (whole > 0 && isIn(whole) ? 0.25 / (whole * HARMONIC) : 0) +
    (DEFAULTS.some(isIn) ? 0.25 / DEFAULTS.length : 0)
  )
}

/**
 * Share of races in a bin: they fall off on both sides of the timeout. Where the log's clock lags much, the order
 * of lines is no longer that of connections, and the idle time may be that of any other request: as in `base`.
 */
export function racesIn(shape: Shape, bin: number, base: number): number {
  return mixedWith(shape, nearIn(shape, bin), base)
}

/** The same of what lies near the timeout, `nearIn`. */
export function mixedWith({ timeoutMs, leftMs, rightMs }: Shape, near: number, base: number): number {
  const spread = Math.min(1, (leftMs + rightMs) / timeoutMs)
  const mixedUp = MIXED_UP * spread * spread
  return (1 - mixedUp) * near + mixedUp * base
}

/** Share of races in a bin where the order of lines is that of connections. */
export function nearIn(shape: Shape, bin: number): number {
  return (bin === BINS - 1 ? 1 : below(shape, startOf(bin + 1))) - below(shape, startOf(bin))
}

/** Share of races whose idle time is below: Lomax's distribution on either side. */
function below({ timeoutMs, leftMs, rightMs, tail }: Shape, idleMs: number): number {
  const away = idleMs - timeoutMs
  const left = leftMs / (leftMs + rightMs)
  return away < 0 ? left * fallen(1 - away / leftMs, tail) : 1 - (1 - left) * fallen(1 + away / rightMs, tail)
}

/** `distance ** -tail`, for the two of `TAILS` without the price of a power. */
function fallen(distance: number, tail: number): number {
  const square = distance * distance
  return 1 / (tail === 4 ? square * square : distance * Math.sqrt(distance))
}
