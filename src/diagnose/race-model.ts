import type { Reuse } from '../records.js'
import { BINS, binOf, nearWidth, sameWidth, startOf } from './idle-times.js'

/** A request on a reused connection that was reset before its response. */
export interface Reset extends Reuse {
  readonly errorCode: string | null
  readonly errorMessage: string | null
  /** Gateway and API that it is of: how often races come depends on their traffic, the timeout does not. */
  readonly origin?: string
}

/** A target's timeout is `timeoutMs`, and the log shows it with this spread below and above, in milliseconds. */
interface Shape {
  readonly timeoutMs: number
  readonly leftMs: number
  readonly rightMs: number
  /** Power of the fall-off. */
  readonly tail: number
}

/** Share of races in the resets: of all of them, and of an origin with enough of its own. */
interface Shares {
  readonly all: number
  readonly byOrigin: ReadonlyMap<string, number>
}

interface Hypothesis {
  readonly shape: Shape
  readonly shares: Shares
  /** Of all hypotheses and of the one that there are no races, 0 … 1. */
  readonly weight: number
}

/**
 * How much more often a race is logged with this text than a premature close is. A race is a write to a connection that the
 * target has closed, so EPIPE leans to it; a reset that is read or written to leans to a target that had the request. From
 * 14,000 races and 3,000 premature closes of real gateways, rounded, and drawn towards one.
 */
function leanOf({ errorCode, errorMessage }: Reset): number {
  if (errorMessage === 'socket hang up') return 1.1
  if (errorCode === 'EPIPE') return 2
  return errorMessage === 'read ECONNRESET' ? 0.15 : 0.1
}

/** Spread of the measured idle time: the log's clock lags the socket's, at both ends of the idle time. */
const LEFT_MS = [4, 10, 25, 60, 150, 400, 1000]
const RIGHT_TO_LEFT = [1, 2, 4]
/** How fast both sides fall off, as powers: load comes in bursts, so that some lag much more than others. */
const TAILS = [1.5, 4]
const SIDES = RIGHT_TO_LEFT.flatMap((factor) => TAILS.map((tail) => [factor, tail] as const))
/** A spread beyond this share of the timeout explains anything. */
const MAX_SPREAD = 1.5
/** Share of races whose idle time is that of any other request, where the spread is as long as the timeout; and at most. */
const MIXED_UP = 0.3
/** Requests that may come at any idle time, whatever was seen. */
const STRAYS = 10
const MIN_STRAY = 0.02
/** So many requests show how often an idle time comes; fewer need their neighbourhood. */
const ENOUGH = 30
/** Every target has some timeout; one in ten closes connections too early. So much is believed before anything is seen. */
const PREMATURE = 0.1
/** Share of races where there are no premature closes. */
const ALL = 0.98
/** Timeouts that are tried: where most resets are that traffic does not explain. */
const CANDIDATES = 48
const ROUNDS = 2
const STEPS = 10
/** Hypotheses of less weight are left out of verdicts. */
const NEGLIGIBLE = 1e-4

/**
 * Tells a keep-alive race from a premature close by the idle time of the connection. Resets of one target are a mixture: races
 * cluster where connections have been idle for as long as the target keeps them; premature closes come at any idle time, as
 * often as requests do. Every timeout and spread on a grid is weighed by how likely it makes what was seen, against the
 * hypothesis that there are no races (Bayesian model averaging), so few resets give weak verdicts and none is made of noise.
 */
export class RaceModel {
  readonly #hypotheses: readonly Hypothesis[]
  /** Probability of a race among the resets near an idle time, by bin: they are no part of the traffic of premature closes. */
  readonly #raceShares: Float64Array

  /** All resets of one target; `timeoutMs` where its idle timeout is known. That alone is a model, too. */
  constructor(resets: readonly Reset[], timeoutMs: number | null = null) {
    if (resets.length === 0 && timeoutMs !== null) {
      this.#raceShares = new Float64Array(BINS).fill(USUAL_SHARE)
      this.#hypotheses = usual(timeoutMs)
      return
    }
    const seen = group([...resets].sort(byContent))
    let raceShares = new Float64Array(BINS)
    let hypotheses = hypothesesOf(seen, raceShares, timeoutMs)
    for (let round = 0; round < ROUNDS; round++) {
      raceShares = raceSharesOf(seen, hypotheses, raceShares)
      hypotheses = hypothesesOf(seen, raceShares, timeoutMs)
    }
    this.#raceShares = raceShares
    this.#hypotheses = hypotheses
  }

  /** Probability that a reset is a race. */
  raceProbability(reset: Reset): number {
    const bin = binOf(reset.idle_ms)
    return probability(this.#hypotheses, reset, bin, baseOf(reset, bin, this.#raceShares))
  }

  /** Timeouts with their weights, shortest first; what is missing to one is the weight of there being no races. */
  get timeouts(): readonly { readonly timeoutMs: number; readonly weight: number }[] {
    return this.#hypotheses
      .map(({ shape, weight }) => ({ timeoutMs: shape.timeoutMs, weight }))
      .sort((a, b) => a.timeoutMs - b.timeoutMs)
  }
}

/** Sums of floating-point numbers depend on their order, so it is that of the resets' content. */
function byContent(a: Reset, b: Reset): number {
  return (
    a.idle_ms - b.idle_ms ||
    a.reuses - b.reuses ||
    a.reuses_near - b.reuses_near ||
    a.reuses_same - b.reuses_same ||
    a.resets_near - b.resets_near ||
    leanOf(a) - leanOf(b) ||
    (originOf(a) < originOf(b) ? -1 : originOf(a) > originOf(b) ? 1 : 0)
  )
}

/** Resets that are alike to the model. */
interface Group {
  readonly bin: number
  readonly lean: number
  readonly of: Reset
  count: number
}

function group(resets: readonly Reset[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const reset of resets) {
    const bin = binOf(reset.idle_ms)
    const lean = leanOf(reset)
    const traffic = [reset.reuses, reset.reuses_near, reset.reuses_same, reset.resets_near].map(roughly)
    const key = `${bin} ${lean} ${traffic} ${originOf(reset)}`
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { bin, lean, of: reset, count: 1 })
    else known.count++
  }
  return sample([...groups.values()])
}

const originOf = ({ origin = '' }: Reset): string => origin

/** Counts within a third of each other are one. */
function roughly(count: number): number {
  return count < 4 ? count : Math.round(Math.log2(count) * 2) + 100
}

/** More groups than this make it slow and no better: each of those that are left stands for several. */
const MAX_GROUPS = 400

function sample(groups: readonly Group[]): readonly Group[] {
  const step = Math.ceil(groups.length / MAX_GROUPS)
  if (step <= 1) return groups
  return [...groups]
    .sort((a, b) => a.bin - b.bin || a.lean - b.lean || a.of.reuses - b.of.reuses)
    .filter((_, index) => index % step === 0)
    .map((group) => ({ ...group, count: group.count * step }))
}

/** Share of the requests that are no races whose connection had been idle for as long: per bin. */
function baseOf(
  { reuses, reuses_near, reuses_same, resets_near }: Reuse,
  bin: number,
  raceShares: Float64Array,
): number {
  // The reset itself, too.
  const prematureNear = (resets_near + 1) * (1 - raceShares[bin])
  const near = (reuses_near + prematureNear) / nearWidth(bin)
  // Resets are as near as requests are.
  const same = (reuses_same * (1 + prematureNear / Math.max(1, reuses_near))) / sameWidth(bin)
  const all = reuses + prematureNear
  const strays = Math.max(STRAYS, MIN_STRAY * all)
  return ((reuses_same >= ENOUGH ? same : near) + strays / BINS) / (all + strays)
}

function probability(hypotheses: readonly Hypothesis[], reset: Reset, bin: number, base: number): number {
  const lean = leanOf(reset)
  let sum = 0
  for (const { shape, shares, weight } of hypotheses) {
    const share = shareIn(shares, reset)
    const race = share * racesIn(shape, bin, base) * lean
    sum += (weight * race) / (race + (1 - share) * base)
  }
  return sum
}

function shareIn({ all, byOrigin }: Shares, reset: Reset): number {
  return byOrigin.get(originOf(reset)) ?? all
}

function raceSharesOf(
  seen: readonly Group[],
  hypotheses: readonly Hypothesis[],
  before: Float64Array,
): Float64Array<ArrayBuffer> {
  const races = new Float64Array(BINS)
  const all = new Float64Array(BINS)
  for (const { bin, of, count } of seen) {
    const likely = count * probability(hypotheses, of, bin, baseOf(of, bin, before))
    races[bin] += likely
    all[bin] += count
  }
  return races.map((_, bin) => shareNear(races, all, bin))
}

function shareNear(races: Float64Array, all: Float64Array, bin: number): number {
  const reach = (nearWidth(bin) - 1) / 2
  const from = Math.max(0, Math.floor(bin - reach))
  const to = Math.min(BINS, Math.ceil(bin + reach) + 1)
  const total = all.subarray(from, to).reduce((sum, count) => sum + count, 0)
  return total === 0 ? 0 : races.subarray(from, to).reduce((sum, count) => sum + count, 0) / total
}

/** Where nothing was seen of a target but its timeout: this share of its resets is races, and the log lags little. */
const USUAL_SHARE = 0.85
const USUAL_SPREAD = 0.5

const NONE: ReadonlyMap<string, number> = new Map()

function usual(timeoutMs: number): readonly Hypothesis[] {
  const shapes = shapesOf(timeoutMs).filter(({ leftMs, rightMs }) => leftMs + rightMs <= timeoutMs * USUAL_SPREAD)
  return shapes.map((shape) => ({ shape, shares: { all: USUAL_SHARE, byOrigin: NONE }, weight: 1 / shapes.length }))
}

interface Guess extends Omit<Hypothesis, 'weight'> {
  readonly prior: number
  /** Logarithm of how much better it explains what was seen than that there are no races. */
  readonly gain: number
}

function hypothesesOf(
  seen: readonly Group[],
  raceShares: Float64Array,
  timeoutMs: number | null,
): readonly Hypothesis[] {
  const bases = seen.map(({ of, bin }) => baseOf(of, bin, raceShares))
  const total = seen.reduce((sum, { count }) => sum + count, 0)
  const ratios = new Float64Array(seen.length)
  const guesses: Guess[] = []
  const gainOf = (shares: Shares): number =>
    seen.reduce((gain, { count, of }, i) => {
      const share = shareIn(shares, of)
      return gain + count * Math.log(share * ratios[i] + 1 - share)
    }, 0)
  const origins = originsOf(seen)
  // Shares are fitted, each of which costs half a logarithm of the number seen.
  const cost = [...origins.values()].reduce(
    (product, of) => product * Math.sqrt(countOf(seen, of) + 1),
    Math.sqrt(total + 1),
  )
  for (const candidate of timeoutMs === null ? candidates(seen, bases, total) : [timeoutMs]) {
    for (const shape of shapesOf(candidate)) {
      seen.forEach(({ bin, lean }, i) => {
        ratios[i] = (racesIn(shape, bin, bases[i]) * lean) / bases[i]
      })
      const prior = (timeoutMs === null ? priorOf(candidate) : 1) / (LEFT_MS.length * SIDES.length)
      const allRaces = { all: ALL, byOrigin: NONE }
      guesses.push({ shape, shares: allRaces, prior, gain: gainOf(allRaces) })
      const all = shareOf(seen, seen.keys(), ratios)
      const byOrigin = new Map([...origins].map(([origin, of]) => [origin, shareOf(seen, of, ratios)] as const))
      const shares = { all, byOrigin }
      guesses.push({ shape, shares, prior: (prior * PREMATURE) / cost, gain: gainOf(shares) })
    }
  }
  return weigh(guesses, gainOfClock(seen))
}

/**
 * How much better than by an even spread within their neighbourhood it is explained where resets came, if requests come by the
 * clock, at few idle times: as a logarithm, as `Guess.gain`. Such resets cluster and are no races.
 */
function gainOfClock(seen: readonly Group[]): number {
  const resets = new Float64Array(BINS)
  for (const { bin, count } of seen) resets[bin] += count
  return seen.reduce((gain, { bin, count, of }) => {
    if (of.reuses_same < ENOUGH) return gain
    const around = resets.subarray(Math.max(0, bin - 1), bin + 2).reduce((sum, each) => sum + each, 0)
    return gain + count * Math.log((sameWidth(bin) * (resets[bin] + 1)) / (around + sameWidth(bin)))
  }, 0)
}

function shapesOf(timeoutMs: number): readonly Shape[] {
  return LEFT_MS.flatMap((leftMs) =>
    SIDES.map(([factor, tail]) => ({ timeoutMs, leftMs, rightMs: leftMs * factor, tail })),
  ).filter(({ leftMs, rightMs }) => leftMs + rightMs <= timeoutMs * MAX_SPREAD)
}

/** An origin has a share of its own where it has so many resets, and others have some, too. */
const MIN_OF_ORIGIN = 8

/** Indices of the groups of each origin with enough resets. */
function originsOf(seen: readonly Group[]): ReadonlyMap<string, readonly number[]> {
  const byOrigin = new Map<string, number[]>()
  seen.forEach(({ of }, index) => {
    const known = byOrigin.get(originOf(of))
    if (known === undefined) byOrigin.set(originOf(of), [index])
    else known.push(index)
  })
  const enough = [...byOrigin].filter(([, of]) => countOf(seen, of) >= MIN_OF_ORIGIN)
  return byOrigin.size < 2 ? new Map() : new Map(enough)
}

function countOf(seen: readonly Group[], of: readonly number[]): number {
  return of.reduce((sum, index) => sum + seen[index].count, 0)
}

/** The share of races that explains best what was seen of some groups (expectation maximisation). */
function shareOf(seen: readonly Group[], groups: Iterable<number>, ratios: Float64Array): number {
  const of = [...groups]
  const total = countOf(seen, of)
  let share = 0.5
  for (let step = 0; step < STEPS; step++) {
    let races = 0
    for (const i of of) races += (seen[i].count * share * ratios[i]) / (share * ratios[i] + 1 - share)
    share = (races + 0.5) / (total + 1)
  }
  return share
}

function weigh(guesses: readonly Guess[], gainOfNone: number): readonly Hypothesis[] {
  const best = guesses.reduce((max, { gain }) => Math.max(max, gain), Math.max(0, gainOfNone))
  const sum = guesses.reduce(
    (all, { prior, gain }) => all + prior * Math.exp(gain - best),
    (PREMATURE * (Math.exp(-best) + Math.exp(gainOfNone - best))) / 2,
  )
  return guesses
    .map(({ shape, shares, prior, gain }) => ({ shape, shares, weight: (prior * Math.exp(gain - best)) / sum }))
    .filter(({ weight }) => weight > NEGLIGIBLE)
}

/** Middles of the bins that, with their neighbours, hold most resets beyond what traffic explains. */
function candidates(seen: readonly Group[], bases: readonly number[], total: number): readonly number[] {
  const excess = new Float64Array(BINS + 1)
  const explained = new Float64Array(BINS + 1)
  seen.forEach(({ bin, lean, count }, i) => {
    excess[bin] += count * lean
    explained[bin] = Math.max(explained[bin], (bases[i] * total) / 2)
  })
  explained.forEach((count, bin) => {
    excess[bin] -= count
  })
  const near: { readonly bin: number; readonly excess: number }[] = []
  for (let bin = 1; bin < BINS - 1; bin++) {
    const sum = excess[bin - 1] + excess[bin] + excess[bin + 1]
    if (sum > 0) near.push({ bin, excess: sum })
  }
  return near
    .sort((a, b) => b.excess - a.excess || a.bin - b.bin)
    .slice(0, CANDIDATES)
    .map(({ bin }) => Math.sqrt(startOf(bin) * startOf(bin + 1)))
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
 * Share of races in a bin: exponential on both sides of the timeout, with outliers. Where the log's clock lags much, the order
 * of lines is no longer that of connections, and the idle time may be that of any other request: as in `base`.
 */
function racesIn(shape: Shape, bin: number, base: number): number {
  const near = (bin === BINS - 1 ? 1 : below(shape, startOf(bin + 1))) - below(shape, startOf(bin))
  const mixedUp = MIXED_UP * Math.min(1, ((shape.leftMs + shape.rightMs) / shape.timeoutMs) ** 2)
  return (1 - mixedUp) * near + mixedUp * base
}

/** Share of races whose idle time is below: Lomax's distribution on either side. */
function below({ timeoutMs, leftMs, rightMs, tail }: Shape, idleMs: number): number {
  const away = idleMs - timeoutMs
  const left = leftMs / (leftMs + rightMs)
  return away < 0 ? left * (1 - away / leftMs) ** -tail : 1 - (1 - left) * (1 + away / rightMs) ** -tail
}
