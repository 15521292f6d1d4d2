import type { Finding, PathOf } from '../findings.js'
import { type HostNames, isSamePort } from '../host-names.js'
import { type ClockOffset, estimateOffset, namedPairs, type Pair } from './clock-offset.js'
import { likenessOf } from './likeness.js'
import type { LoggedFailure } from './logged-failure.js'
import type { Fit, Fits, Match } from './match.js'
import { settle } from './settle.js'
import { type WireRequest, wireRequestOf } from './wire-request.js'

export interface Matching {
  readonly matches: readonly Match[]
  /** Null where nothing tells; then the clocks are taken to be the same. */
  readonly offset: ClockOffset | null
  /** Failures within the time of the capture: those that the matches rest on. */
  readonly within: number
  /** Those of them of which it has nothing. */
  readonly unmatched: readonly LoggedFailure[]
}

export interface MatchInput {
  /** Any order; of all gateways and times. */
  readonly failures: readonly LoggedFailure[]
  /** Of one capture. */
  readonly findings: readonly Finding[]
  readonly names: HostNames
  readonly pathOf: PathOf
}

/** No clock is so wrong in the middle of a capture: an id that is farther off is a client's own text. */
const FARTHEST_ID_MS = 60_000
/** So many of the failures within the capture must be found near a request for times alone to be believed. */
const LEAST_COVERAGE = 0.8
/** Where fewer of the capture's requests are in order with the log, its clock is too uncertain to choose by times. */
const LEAST_FITTING = 0.6
const LATEST_MS = 3_500
/** Of one failure: in a burst, so many that none of them will be told apart. */
const MAX_FITS = 32
/** Farther off, the only one that fits may do so by chance. */
const FARTHEST_MS = { path: 1_000, time: 300 } as const

/** Finds the packets of failures. A pure function; the order of its input does not matter. */
export function matchFailures({ failures, findings, names, pathOf }: MatchInput): Matching {
  const range = rangeOf(findings)
  const context = { pathOf, captureEndMs: range.lastMs }
  const requests = findings.flatMap((finding) => wireRequestOf(finding, context) ?? [])
  const targets = new TargetEndpoints(names)
  const offset = estimateOffset(failures, requests, ({ failure, request }) => targets.mayBe(failure, request))
  const offsetMs = offset?.offsetMs ?? 0
  const named = matchNamed(failures, requests, offsetMs)
  const isOpen = { failures: new Set(failures), requests: new Set(requests) }
  for (const { failure, requests } of named) {
    isOpen.failures.delete(failure)
    for (const request of requests) isOpen.requests.delete(request)
  }
  const left = [...isOpen.failures].filter(
    ({ startMs, endMs }) => endMs - offsetMs >= range.firstMs && (startMs ?? endMs) - offsetMs <= range.lastMs,
  )
  const fits = fitsOf(left, [...isOpen.requests], offsetMs, targets)
  const isClockKnown = offset !== null && offset.fitting >= offset.requests * LEAST_FITTING
  const isCovered = fits.size >= left.length * LEAST_COVERAGE && isClockKnown
  const isBelieved = ({ failure, request, likeness: { basis, distance } }: Fit): boolean =>
    distance <= FARTHEST_MS[basis] && (basis === 'path' || (isCovered && targets.isKnown(failure, request)))
  const settled = settle(fits, { isBelieved, isClockKnown })
  const found = new Set(settled.map(({ failure }) => failure))
  return {
    matches: [...named, ...settled],
    offset,
    within: left.length + named.length,
    unmatched: left.filter((failure) => !found.has(failure)),
  }
}

/** A request that names a failure is its own, unless several do. */
function matchNamed(
  failures: readonly LoggedFailure[],
  requests: readonly WireRequest[],
  offsetMs: number,
): readonly Match[] {
  const byFailure = new Map<LoggedFailure, WireRequest[]>()
  for (const pair of namedPairs(failures, requests)) {
    const { failure, request } = pair
    if (!isNear(pair, offsetMs)) continue
    byFailure.set(failure, [...(byFailure.get(failure) ?? []), request])
  }
  return [...byFailure].map(([failure, requests]) => ({
    failure,
    requests,
    basis: requests.length === 1 ? 'id' : 'ambiguous',
    isAmong: true,
  }))
}

function isNear({ failure, request }: Pair, offsetMs: number): boolean {
  const startMs = (request.startMs ?? request.endMs ?? 0) + offsetMs
  return Math.abs(startMs - (failure.startMs ?? failure.endMs)) <= FARTHEST_ID_MS
}

/** From the first to the last packet of its connections, on the capture's clock. */
export function rangeOf(findings: readonly Finding[]): { readonly firstMs: number; readonly lastMs: number } {
  let firstMs = Number.POSITIVE_INFINITY
  let lastMs = Number.NEGATIVE_INFINITY
  for (const { facts, baseSeconds } of findings) {
    firstMs = Math.min(firstMs, baseSeconds * 1_000 + facts.firstNs / 1_000_000)
    lastMs = Math.max(lastMs, baseSeconds * 1_000 + facts.lastNs / 1_000_000)
  }
  return { firstMs, lastMs }
}

function fitsOf(
  failures: readonly LoggedFailure[],
  requests: readonly WireRequest[],
  offsetMs: number,
  targets: TargetEndpoints,
): Fits {
  const sorted = [...requests].sort((a, b) => lastMsOf(a) - lastMsOf(b))
  const lasts = sorted.map(lastMsOf)
  const fits = new Map<LoggedFailure, readonly Fit[]>()
  for (const failure of failures) {
    const earliestMs = Math.min(failure.startMs ?? failure.endMs, failure.endMs - LATEST_MS) - offsetMs - 500
    const found: Fit[] = []
    for (
      let at = firstAtLeast(lasts, earliestMs);
      at < sorted.length && lasts[at] <= failure.endMs - offsetMs + 500;
      at++
    ) {
      const pair = { failure, request: sorted[at] }
      const likeness = targets.mayBe(failure, pair.request) ? likenessOf(failure, pair.request, offsetMs) : null
      if (likeness !== null) found.push({ ...pair, likeness })
    }
    if (found.length > 0) fits.set(failure, found.sort(byLikeness).slice(0, MAX_FITS))
  }
  return fits
}

/** The same path before any other, then the nearest. */
function byLikeness(one: Fit, other: Fit): number {
  return (
    other.likeness.path - one.likeness.path ||
    one.likeness.distance - other.likeness.distance ||
    one.request.finding.facts.index - other.request.finding.facts.index
  )
}

const lastMsOf = ({ startMs, endMs }: WireRequest): number => endMs ?? startMs ?? 0

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Which requests can have gone to the target that a failure names. */
class TargetEndpoints {
  readonly #endpoints = new Map<string, ReadonlySet<string> | null>()

  constructor(private readonly names: HostNames) {}

  /** Where nothing tells the addresses of a name, its port must be the same. */
  mayBe({ target }: LoggedFailure, { finding }: WireRequest): boolean {
    if (target === null) return true
    return this.#of(target)?.has(finding.facts.target) ?? isSamePort(target, finding.facts.target)
  }

  isKnown({ target }: LoggedFailure, { finding }: WireRequest): boolean {
    return target !== null && (this.#of(target)?.has(finding.facts.target) ?? false)
  }

  #of(target: string): ReadonlySet<string> | null {
    const known = this.#endpoints.get(target)
    if (known !== undefined) return known
    const found = this.names.endpointsOf(target)
    this.#endpoints.set(target, found)
    return found
  }
}
