import type { LoggedFailure } from './logged-failure.js'
import type { Fit, Fits, Match } from './match-failures.js'
import type { WireRequest } from './wire-request.js'

/** The next likely one must be farther by so much, and by as much again as the likeliest is. */
const LEAST_LEAD_MS = 30

/**
 * Gives each failure the request that is by far the likeliest for it, and for which it is by far the likeliest; then the others from
 * what is left, until nothing changes. What is left then is ambiguous.
 */
export function settle(fits: Fits, isBelieved: (fit: Fit) => boolean): readonly Match[] {
  const byFailure = new Map([...fits].map(([failure, all]) => [failure, new Set(preferred(all))] as const))
  const byRequest = new Map<WireRequest, Set<Fit>>()
  for (const all of byFailure.values()) {
    for (const fit of all) byRequest.set(fit.request, (byRequest.get(fit.request) ?? new Set()).add(fit))
  }
  const sure: Match[] = []
  let open = [...byFailure.keys()]
  for (let before = -1; before !== open.length; ) {
    before = open.length
    open = open.filter((failure) => {
      const best = leader(byFailure.get(failure) ?? NONE)
      if (best === null || leader(byRequest.get(best.request) ?? NONE) !== best) return true
      if (!isBelieved(best)) return true
      sure.push({ failure, basis: best.likeness.basis, requests: [best.request], isAmong: true })
      for (const taken of byRequest.get(best.request) ?? NONE) byFailure.get(taken.failure)?.delete(taken)
      for (const spared of byFailure.get(failure) ?? NONE) byRequest.get(spared.request)?.delete(spared)
      byRequest.delete(best.request)
      return false
    })
  }
  return [...sure, ...open.map((failure) => ambiguous(failure, byFailure.get(failure) ?? NONE, isBelieved))]
}

function ambiguous(failure: LoggedFailure, fits: ReadonlySet<Fit>, isBelieved: (fit: Fit) => boolean): Match {
  const all = sorted(fits)
  const rivals = all.filter((fit) => !leads(all[0], fit))
  return {
    failure,
    basis: 'ambiguous',
    requests: rivals.map(({ request }) => request),
    isAmong: rivals.length > 0 && rivals.every(isBelieved),
  }
}

const NONE: ReadonlySet<Fit> = new Set()

/** Those whose paths are most alike. */
function preferred(fits: readonly Fit[]): readonly Fit[] {
  const most = Math.max(...fits.map(({ likeness }) => likeness.path))
  return fits.filter(({ likeness }) => likeness.path === most)
}

const sorted = (fits: ReadonlySet<Fit>): readonly Fit[] =>
  [...fits].sort(
    (a, b) =>
      a.likeness.distance - b.likeness.distance || a.request.finding.facts.index - b.request.finding.facts.index,
  )

/** The one that is by far the likeliest; null where there is none. */
function leader(fits: ReadonlySet<Fit>): Fit | null {
  const [first, second] = sorted(fits)
  if (first === undefined) return null
  return second === undefined || leads(first, second) ? first : null
}

const leads = (first: Fit, other: Fit): boolean =>
  other.likeness.distance >= first.likeness.distance * 2 + LEAST_LEAD_MS
