import { BINS, binOf, nearWidth } from './idle-times.js'
import { countOf, Explained, type Origins, originsOf } from './race-fit.js'
import { racesIn, type Shape, shapesOf, TAILS } from './race-shape.js'
import { baseOf, leanOf, originOf, type Reset } from './reset.js'
import { candidatesOf, type Group, gainOfClock, groupsOf } from './reset-groups.js'

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

/** Every target has some timeout; one in ten closes connections too early. So much is believed before anything is seen. */
const PREMATURE = 0.1
/** Of the timeouts that are tried, those that are looked at closely, after a rough look with these spreads. */
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
    const seen = groupsOf(resets)
    const origins = originsOf(seen)
    let raceShares = new Float64Array(BINS)
    const shapes = timeoutMs === null ? likelyShapes(seen, origins, raceShares) : shapesOf(timeoutMs, { isKnown: true })
    let { hypotheses, imaginable } = hypothesesOf(seen, origins, raceShares, shapes)
    for (let round = 0; round < ROUNDS; round++) {
      const before = raceShares
      raceShares = raceSharesOf(seen, hypotheses, before)
      if (raceShares.every((share, bin) => share === before[bin])) break
      ;({ hypotheses, imaginable } = hypothesesOf(seen, origins, raceShares, imaginable))
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
  for (const timeoutMs of candidatesOf(seen, explained.bases)) {
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
): Weighed {
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

/** So much less likely than all others together, a shape is not looked at again when shares are known better. */
const UNIMAGINABLE = 1e-9

interface Weighed {
  readonly hypotheses: readonly Hypothesis[]
  /** Shapes that may have some weight yet. */
  readonly imaginable: readonly Shape[]
}

function weigh(guesses: readonly Guess[], { names }: Origins, gainOfNone: number): Weighed {
  const best = guesses.reduce((max, { gain }) => Math.max(max, gain), Math.max(0, gainOfNone))
  const sum = guesses.reduce(
    (all, { prior, gain }) => all + prior * Math.exp(gain - best),
    (PREMATURE * (Math.exp(-best) + Math.exp(gainOfNone - best))) / 2,
  )
  const weightOf = ({ prior, gain }: Guess): number => (prior * Math.exp(gain - best)) / sum
  const hypotheses = guesses
    .filter((guess) => weightOf(guess) > NEGLIGIBLE)
    .map((guess) => {
      const [all, ...others] = guess.shares
      const byOrigin = new Map(names.map((name, i) => [name, others[i]] as const))
      return { shape: guess.shape, shares: { all, byOrigin }, weight: weightOf(guess) }
    })
  const imaginable = new Set(guesses.filter((guess) => weightOf(guess) > UNIMAGINABLE).map(({ shape }) => shape))
  return { hypotheses, imaginable: [...imaginable] }
}
