import { BINS, binOf, nearWidth, sameWidth, startOf } from './idle-times.js'
import {
  baseOf,
  countOf,
  ENOUGH,
  Explained,
  type Group,
  type Origins,
  originOf,
  originsOf,
  type Reset,
} from './race-fit.js'
import { racesIn, type Shape, shapesOf, TAILS } from './race-shape.js'

export type { Reset } from './race-fit.js'

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

/** Every target has some timeout; one in ten closes connections too early. So much is believed before anything is seen. */
const PREMATURE = 0.1
/** Timeouts that are tried: where most resets are that traffic does not explain. */
const CANDIDATES = 48
/** Of those, the ones that are looked at closely, after a rough look with these spreads. */
const LIKELY = 12
const ROUGH_LEFT_MS = [10, 60, 400]
const ROUNDS = 2
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
    const origins = originsOf(seen)
    let raceShares = new Float64Array(BINS)
    const shapes = timeoutMs === null ? likelyShapes(seen, origins, raceShares) : shapesOf(timeoutMs, { isKnown: true })
    let hypotheses = hypothesesOf(seen, origins, raceShares, shapes)
    for (let round = 0; round < ROUNDS; round++) {
      raceShares = raceSharesOf(seen, hypotheses, raceShares)
      hypotheses = hypothesesOf(seen, origins, raceShares, shapes)
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

/** Counts within a third of each other are one. */
function roughly(count: number): number {
  return count < 4 ? count : Math.round(Math.log2(count) * 2) + 100
}

/** More groups than this make it slow and no better: each of those that are left stands for several. */
const MAX_GROUPS = 200

function sample(groups: readonly Group[]): readonly Group[] {
  const step = Math.ceil(groups.length / MAX_GROUPS)
  if (step <= 1) return groups
  return [...groups]
    .sort((a, b) => a.bin - b.bin || a.lean - b.lean || a.of.reuses - b.of.reuses)
    .filter((_, index) => index % step === 0)
    .map((group) => ({ ...group, count: group.count * step }))
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

interface Guess {
  readonly shape: Shape
  /** As `Explained.fit` has them. */
  readonly shares: Float64Array
  readonly prior: number
  /** Logarithm of how much better it explains what was seen than that there are no races. */
  readonly gain: number
}

/** Less likely by so much, as a logarithm, is never heard of again. */
const HOPELESS = 40

/** Timeouts that some of the shapes say explain more than others, with all of their shapes. */
function likelyShapes(seen: readonly Group[], origins: Origins, raceShares: Float64Array): readonly Shape[] {
  const explained = new Explained(seen, origins, raceShares)
  let likely: { readonly timeoutMs: number; readonly gain: number }[] = []
  for (const timeoutMs of candidates(seen, explained.bases, explained.total)) {
    const least = likely.length < LIKELY ? Number.NEGATIVE_INFINITY : likely[LIKELY - 1].gain
    likely.push({ timeoutMs, gain: roughGain(explained, origins, timeoutMs, least) })
    likely = likely.sort((a, b) => b.gain - a.gain || a.timeoutMs - b.timeoutMs).slice(0, LIKELY)
  }
  return likely.flatMap(({ timeoutMs }) => shapesOf(timeoutMs))
}

/** Minus infinity where it is below `least`. */
function roughGain(explained: Explained, { allRaces }: Origins, timeoutMs: number, least: number): number {
  return Math.max(
    ...ROUGH_LEFT_MS.map((leftMs) => {
      explained.by({ timeoutMs, leftMs, rightMs: 2 * leftMs, tail: TAILS[0], prior: 0 })
      if (explained.mostGain() < least) return Number.NEGATIVE_INFINITY
      return Math.max(explained.gain(allRaces), explained.gain(explained.fit()))
    }),
  )
}

function hypothesesOf(
  seen: readonly Group[],
  origins: Origins,
  raceShares: Float64Array,
  shapes: readonly Shape[],
): readonly Hypothesis[] {
  const explained = new Explained(seen, origins, raceShares)
  const guesses: Guess[] = []
  // Shares are fitted, each of which costs half a logarithm of the number seen.
  const cost = origins.groups.reduce((product, of) => product * Math.sqrt(countOf(seen, of) + 1), 1)
  const gainOfNone = gainOfClock(seen)
  let best = Math.max(0, gainOfNone)
  for (const shape of shapes) {
    if (explained.by(shape).mostGain() < best - HOPELESS) continue
    const { prior } = shape
    const shares = explained.fit()
    const ofAll = { shape, shares: origins.allRaces, prior, gain: explained.gain(origins.allRaces) }
    const ofSome = { shape, shares, prior: (prior * PREMATURE) / cost, gain: explained.gain(shares) }
    guesses.push(ofAll, ofSome)
    best = Math.max(best, ofAll.gain, ofSome.gain)
  }
  return weigh(guesses, origins, gainOfNone)
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

function weigh(guesses: readonly Guess[], { names }: Origins, gainOfNone: number): readonly Hypothesis[] {
  const best = guesses.reduce((max, { gain }) => Math.max(max, gain), Math.max(0, gainOfNone))
  const sum = guesses.reduce(
    (all, { prior, gain }) => all + prior * Math.exp(gain - best),
    (PREMATURE * (Math.exp(-best) + Math.exp(gainOfNone - best))) / 2,
  )
  const weightOf = ({ prior, gain }: Guess): number => (prior * Math.exp(gain - best)) / sum
  return guesses
    .filter((guess) => weightOf(guess) > NEGLIGIBLE)
    .map((guess) => {
      const [all, ...others] = guess.shares
      const byOrigin = new Map(names.map((name, i) => [name, others[i]] as const))
      return { shape: guess.shape, shares: { all, byOrigin }, weight: weightOf(guess) }
    })
}

/** Middles of the bins that, with their neighbours, hold most resets beyond what traffic explains. */
function candidates(seen: readonly Group[], bases: Float64Array, total: number): readonly number[] {
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
