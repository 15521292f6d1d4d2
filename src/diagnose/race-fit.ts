import { mixedWith, nearIn, type Shape } from './race-shape.js'
import { baseOf, originOf } from './reset.js'
import type { Group } from './reset-groups.js'

/** Share of races where there are no premature closes. */
const ALL = 0.98
/** Of expectation maximisation. */
const STEPS = 8

/** How likely resets are as races of one shape and as premature closes. In typed arrays: there are hundreds of shapes for each target. */
export class Explained {
  readonly #bins: Int32Array
  readonly #counts: Float64Array
  readonly #leans: Float64Array
  readonly #ratios: Float64Array
  readonly #origins: Origins
  readonly bases: Float64Array

  constructor(seen: readonly Group[], origins: Origins, raceShares: Float64Array) {
    this.#origins = origins
    this.#bins = Int32Array.from(seen, ({ bin }) => bin)
    this.#counts = Float64Array.from(seen, ({ count }) => count)
    this.#leans = Float64Array.from(seen, ({ lean }) => lean)
    this.#ratios = new Float64Array(seen.length)
    this.bases = Float64Array.from(seen, ({ of, bin }) => baseOf(of, bin, raceShares))
  }

  /** What follows is said of this shape. */
  by(shape: Shape): this {
    let lastBin = -1
    let near = 0
    for (let i = 0; i < this.#bins.length; i++) {
      // Sorted by bin.
      if (this.#bins[i] !== lastBin) near = nearIn(shape, this.#bins[i])
      lastBin = this.#bins[i]
      this.#ratios[i] = (mixedWith(shape, near, this.bases[i]) * this.#leans[i]) / this.bases[i]
    }
    return this
  }

  /** As `Guess.gain`. */
  gain(shares: Float64Array): number {
    const { ofGroup } = this.#origins
    let gain = 0
    for (let i = 0; i < this.#ratios.length; i++) {
      const share = shares[ofGroup[i]]
      gain += this.#counts[i] * Math.log(share * this.#ratios[i] + 1 - share)
    }
    return gain
  }

  /** No shares gain more. */
  mostGain(): number {
    let gain = 0
    for (let i = 0; i < this.#ratios.length; i++) {
      if (this.#ratios[i] > 1) gain += this.#counts[i] * Math.log(this.#ratios[i])
    }
    return gain
  }

  /** Shares of races that explain best what was seen, in the order of `Origins.groups`. */
  fit(): Float64Array {
    const { groups, ofGroup } = this.#origins
    // That of all is asked for by origins without one of their own.
    const isAllAsked = ofGroup.includes(0)
    return Float64Array.from(groups, (of, i) => (i === 0 && !isAllAsked ? ALL : this.#share(of)))
  }

  /** By expectation maximisation. */
  #share(groups: Int32Array): number {
    const counts = this.#counts
    const ratios = this.#ratios
    let total = 0
    for (let i = 0; i < groups.length; i++) total += counts[groups[i]]
    let share = 0.5
    for (let step = 0; step < STEPS; step++) {
      let races = 0
      for (let i = 0; i < groups.length; i++) {
        const raced = share * ratios[groups[i]]
        races += (counts[groups[i]] * raced) / (raced + 1 - share)
      }
      share = (races + 0.5) / (total + 1)
    }
    return share
  }
}

/** An origin has a share of its own where it has so many resets, and others have some, too. */
const MIN_OF_ORIGIN = 8

/** Groups that have a share of races of their own: all of them, and those of each origin with enough resets. */
export interface Origins {
  readonly names: readonly string[]
  /** Indices of groups: of all, then of each of `names`. */
  readonly groups: readonly Int32Array[]
  /** For each group, which of `groups` its share is of. */
  readonly ofGroup: Int32Array
  /** Shares where there are no premature closes. */
  readonly allRaces: Float64Array
}

export function originsOf(seen: readonly Group[]): Origins {
  const byOrigin = new Map<string, number[]>()
  seen.forEach(({ of }, index) => {
    const known = byOrigin.get(originOf(of))
    if (known === undefined) byOrigin.set(originOf(of), [index])
    else known.push(index)
  })
  const enough = byOrigin.size < 2 ? [] : [...byOrigin].filter(([, of]) => countOf(seen, of) >= MIN_OF_ORIGIN)
  const ofGroup = new Int32Array(seen.length)
  enough.forEach(([, of], i) => {
    for (const index of of) ofGroup[index] = i + 1
  })
  return {
    names: enough.map(([name]) => name),
    groups: [Int32Array.from(seen.keys()), ...enough.map(([, of]) => Int32Array.from(of))],
    ofGroup,
    allRaces: new Float64Array(enough.length + 1).fill(ALL),
  }
}

export function countOf(seen: readonly Group[], of: Iterable<number>): number {
  let count = 0
  for (const index of of) count += seen[index].count
  return count
}
