import { BINS, binOf, sameWidth, startOf } from './idle-times.js'
import { baseOf, ENOUGH, leanOf, originOf, type Reset } from './reset.js'

/** Resets that are alike to the model; `of` has the mean of what was seen of each. */
export interface Group {
  readonly bin: number
  readonly lean: number
  readonly of: Reset
  readonly count: number
}

/** By idle time, shortest first. Depends on which resets there are, not on their order. */
export function groupsOf(resets: readonly Reset[]): readonly Group[] {
  const groups = new Map<string, Reset[]>()
  for (const reset of [...resets].sort(byContent)) {
    const key = keyOf(reset)
    const alike = groups.get(key)
    if (alike === undefined) groups.set(key, [reset])
    else alike.push(reset)
  }
  return [...groups.values()].map((alike) => ({
    bin: binOf(alike[0].idle_ms),
    lean: leanOf(alike[0]),
    of: meanOf(alike),
    count: alike.length,
  }))
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

/** So many kinds of traffic for each time that it doubles. */
const KINDS = 2
const NO_RACES = new Float64Array(BINS)

function keyOf(reset: Reset): string {
  const bin = binOf(reset.idle_ms)
  const traffic = Math.round(Math.log2(baseOf(reset, bin, NO_RACES)) * KINDS)
  return `${bin} ${leanOf(reset)} ${traffic} ${originOf(reset)}`
}

function meanOf(alike: readonly Reset[]): Reset {
  const mean = (numberOf: (reset: Reset) => number): number =>
    alike.reduce((sum, each) => sum + numberOf(each), 0) / alike.length
  return {
    ...alike[0],
    reuses: mean(({ reuses }) => reuses),
    reuses_near: mean(({ reuses_near }) => reuses_near),
    reuses_same: mean(({ reuses_same }) => reuses_same),
    resets_near: mean(({ resets_near }) => resets_near),
  }
}

/**
 * How much better than by an even spread within their neighbourhood it is explained where resets came, if requests come by the
 * clock, at few idle times: as a logarithm, as `Guess.gain`. Such resets cluster and are no races. Each reset is explained by
 * the others, so that chance gains nothing, however many there are.
 */
export function gainOfClock(seen: readonly Group[]): number {
  const resets = new Float64Array(BINS)
  for (const { bin, count } of seen) resets[bin] += count
  return seen.reduce((gain, { bin, count, of }) => {
    if (of.reuses_same < ENOUGH) return gain
    const around = resets.subarray(Math.max(Math.min(bin, 1), bin - 1), bin === 0 ? 1 : bin + 2)
    const others = around.reduce((sum, each) => sum + each, -1)
    return gain + count * Math.log((sameWidth(bin) * resets[bin]) / (others + sameWidth(bin)))
  }, 0)
}

/** Timeouts that are tried. */
const CANDIDATES = 48
/** So many resets are expected anywhere: a single one stands out of nothing. */
const STRAY = 0.5

/**
 * Timeouts at which more resets came than traffic explains, those of which that is least likely by chance first. `bases` has the
 * share of each group's traffic that is in its bin.
 */
export function candidatesOf(seen: readonly Group[], bases: Float64Array): readonly number[] {
  const observed = new Float64Array(BINS + 1)
  for (const { bin, lean, count } of seen) observed[bin] += count * lean
  const expected = expectedOf(seen, bases)
  const around = (counts: Float64Array, bin: number): number => counts[bin - 1] + counts[bin] + counts[bin + 1]
  const excesses: { readonly bin: number; readonly excess: number }[] = []
  for (let bin = 1; bin < BINS - 1; bin++) {
    const count = around(observed, bin)
    const mean = around(expected, bin) + STRAY
    // Of Poisson's distribution: the logarithm of how much more likely the count is with its own mean.
    if (count > mean) excesses.push({ bin, excess: count * Math.log(count / mean) - count + mean })
  }
  return excesses
    .sort((a, b) => b.excess - a.excess || a.bin - b.bin)
    .slice(0, CANDIDATES)
    .map(({ bin }) => Math.sqrt(startOf(bin) * startOf(bin + 1)))
}

/** How many resets traffic explains, by bin: of each origin its resets, spread as its requests are. */
function expectedOf(seen: readonly Group[], bases: Float64Array): Float64Array {
  const totals = new Map<string, number>()
  for (const { of, count } of seen) totals.set(originOf(of), (totals.get(originOf(of)) ?? 0) + count)
  const cells = new Map<string, { readonly bin: number; readonly total: number; base: number; count: number }>()
  seen.forEach(({ bin, of, count }, i) => {
    const origin = originOf(of)
    const key = `${bin} ${origin}`
    const cell = cells.get(key) ?? { bin, total: totals.get(origin) ?? 0, base: 0, count: 0 }
    cell.base += bases[i] * count
    cell.count += count
    cells.set(key, cell)
  })
  const expected = new Float64Array(BINS + 1)
  for (const { bin, total, base, count } of cells.values()) expected[bin] += (total * base) / count
  return expected
}
