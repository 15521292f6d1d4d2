import type { LoggedFailure } from './logged-failure.js'
import type { Fit, Fits, Match } from './match.js'
import type { WireRequest } from './wire-request.js'

/**
 * The next likely one must be farther by so much, by as much again as the likeliest is, and by as much as nine of ten likeliest ones
 * are: so far the log may lie beside the socket.
 */
const LEAST_LEAD_MS = 30
const USUAL_SHARE = 0.9

export interface SettleInput {
  /** Whether a pair that has no near rivals is one. */
  readonly isBelieved: (fit: Fit) => boolean
  readonly isClockKnown: boolean
}

/**
 * Gives each failure the request that is by far the likeliest for it, and for which it is by far the likeliest. The others are
 * ambiguous: also what would be left if the sure ones were taken away, for then one error would make others. Where the clock is not
 * known, only one without rivals is likely.
 */
export function settle(fits: Fits, { isBelieved, isClockKnown }: SettleInput): readonly Match[] {
  const lead = isClockKnown ? LEAST_LEAD_MS + usualDistance(fits) : Number.POSITIVE_INFINITY
  const leads = (first: Fit, other: Fit): boolean => other.likeness.distance >= first.likeness.distance * 2 + lead
  const byRequest = new Map<WireRequest, Fit[]>()
  for (const fit of [...fits.values()].flatMap(preferred)) {
    const rivals = byRequest.get(fit.request)
    if (rivals === undefined) byRequest.set(fit.request, [fit])
    else rivals.push(fit)
  }
  const leaderOf = (rivals: readonly Fit[]): Fit | null => {
    const [first, second] = nearestTwo(rivals)
    return second === null || leads(first, second) ? first : null
  }
  const leaders = new Map([...byRequest].map(([request, rivals]) => [request, leaderOf(rivals)] as const))
  const sure = new Map<LoggedFailure, Fit>()
  for (const [failure, all] of fits) {
    const best = leaderOf(preferred(all))
    if (best !== null && leaders.get(best.request) === best && isBelieved(best)) sure.set(failure, best)
  }
  const taken = new Set([...sure.values()].map(({ request }) => request))
  return [...fits].flatMap(([failure, all]): readonly Match[] => {
    const best = sure.get(failure)
    if (best !== undefined) return [{ failure, basis: best.likeness.basis, requests: [best.request], isAmong: true }]
    const left = rivalsOf(all).filter(({ request }) => !taken.has(request))
    const rivals = left.filter((fit) => !leads(left[0], fit))
    const requests = rivals.map(({ request }) => request)
    return rivals.length === 0 ? [] : [{ failure, basis: 'ambiguous', requests, isAmong: rivals.every(isBelieved) }]
  })
}

/** Those whose paths are most alike; the nearest first. */
function preferred(fits: readonly Fit[]): readonly Fit[] {
  return fits.filter(({ likeness }) => likeness.path === fits[0].likeness.path)
}

/** As well, requests that were never written: nobody knows their paths. */
function rivalsOf(fits: readonly Fit[]): readonly Fit[] {
  return fits
    .filter(({ likeness, request }) => likeness.path === fits[0].likeness.path || request.isUnseen)
    .sort((one, other) => one.likeness.distance - other.likeness.distance)
}

function nearestTwo(fits: readonly Fit[]): readonly [Fit, Fit | null] {
  let [first] = fits
  let second: Fit | null = null
  for (const fit of fits.slice(1)) {
    if (fit.likeness.distance < first.likeness.distance) [first, second] = [fit, first]
    else if (second === null || fit.likeness.distance < second.likeness.distance) second = fit
  }
  return [first, second]
}

function usualDistance(fits: Fits): number {
  const nearest = [...fits.values()].map(([first]) => first.likeness.distance)
  return nearest.sort((a, b) => a - b)[Math.floor(nearest.length * USUAL_SHARE)] ?? 0
}
