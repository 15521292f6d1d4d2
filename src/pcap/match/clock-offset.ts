import { comparePaths, isPossible } from './likeness.js'
import type { LoggedFailure } from './logged-failure.js'
import type { WireRequest } from './wire-request.js'

/** The log's clock less the capture's, in milliseconds. */
export interface ClockOffset {
  readonly offsetMs: number
  /** Between these, as many requests fit as anywhere. */
  readonly lowMs: number
  readonly highMs: number
  /** Requests that the offset puts in order with a failure, and those that there are. */
  readonly fitting: number
  readonly requests: number
}

/** A failure and a request that may be it. */
export interface Pair {
  readonly failure: LoggedFailure
  readonly request: WireRequest
}

/** Where log and socket agree: the log rounds to milliseconds, and its duration ends a little before its line. */
const TOLERANCE_MS = 5
/** No offset is believed for fewer, unless the requests tell whose they are. */
const LEAST_REQUESTS = 5
/** So many of those that fit elsewhere must fit where the clocks are the same, for that to be believed. */
const SAME_CLOCK_SHARE = 0.8
/** So many of all requests must fit for another offset to be believed. */
const LEAST_SHARE = 0.6
const MAX_PAIRS = 400_000

/**
 * The offset at which most requests lie within the failure that may be theirs: the log says a request's beginning before its first
 * packet, and its end after the close. Null where too little fits.
 */
export function estimateOffset(
  failures: readonly LoggedFailure[],
  requests: readonly WireRequest[],
  mayBe: (pair: Pair) => boolean,
): ClockOffset | null {
  const named = namedPairs(failures, requests)
  const byNames = densest(named, new Set(named.map(({ request }) => request)).size)
  if (byNames !== null) return byNames
  const whole = requests.filter(({ startMs, endMs, isUnseen }) => startMs !== null && endMs !== null && !isUnseen)
  const sampled = sample(failures, Math.ceil(MAX_PAIRS / Math.max(1, whole.length)))
  const pairs: Pair[] = []
  for (const request of whole) {
    for (const failure of sampled) {
      const pair = { failure, request }
      if (
        failure.startMs !== null &&
        isPossible(failure, request) &&
        mayBe(pair) &&
        comparePaths(failure, request) !== 'different'
      )
        pairs.push(pair)
    }
  }
  const offset = densest(pairs, whole.length)
  if (offset === null || offset.fitting < LEAST_REQUESTS) return null
  return offset.offsetMs === 0 || offset.fitting >= offset.requests * LEAST_SHARE ? offset : null
}

/** Those that the requests themselves name. */
export function namedPairs(failures: readonly LoggedFailure[], requests: readonly WireRequest[]): readonly Pair[] {
  const byId = new Map(failures.map((failure) => [failure.id, failure] as const))
  return requests.flatMap((request) => {
    const failure = request.correlationId === null ? undefined : byId.get(request.correlationId)
    return failure === undefined ? [] : [{ failure, request }]
  })
}

interface Edge {
  readonly atMs: number
  readonly step: 1 | -1
  readonly request: WireRequest
}

/** Sweeps over all offsets; each request counts once at any of them. */
function densest(pairs: readonly Pair[], requests: number): ClockOffset | null {
  const edges = pairs.flatMap(edgesOf).sort((a, b) => a.atMs - b.atMs || b.step - a.step)
  const open = new Map<WireRequest, number>()
  let best = { fitting: 0, lowMs: 0, highMs: 0 }
  let same = { fitting: 0, lowMs: 0, highMs: 0 }
  for (const [index, { atMs, step, request }] of edges.entries()) {
    const count = (open.get(request) ?? 0) + step
    if (count === 0) open.delete(request)
    else open.set(request, count)
    const next = edges[index + 1]?.atMs ?? atMs
    const range = { fitting: open.size, lowMs: atMs, highMs: next }
    const isNearer = Math.abs(middle(range)) < Math.abs(middle(best))
    if (range.fitting > best.fitting || (range.fitting === best.fitting && isNearer)) best = range
    if (atMs <= 0 && next >= 0 && range.fitting > same.fitting) same = range
  }
  if (best.fitting === 0) return null
  if (same.fitting >= best.fitting * SAME_CLOCK_SHARE) return { ...same, offsetMs: 0, requests }
  return { ...best, offsetMs: middle(best), requests }
}

const middle = ({ lowMs, highMs }: { readonly lowMs: number; readonly highMs: number }): number => (lowMs + highMs) / 2

function edgesOf({ failure, request }: Pair): readonly Edge[] {
  const { startMs, endMs } = request
  if (failure.startMs === null || startMs === null || endMs === null) return []
  const low = failure.startMs - startMs - TOLERANCE_MS
  const high = failure.endMs - endMs + TOLERANCE_MS
  return low > high
    ? []
    : [
        { atMs: low, step: 1, request },
        { atMs: high, step: -1, request },
      ]
}

function sample<Value>(values: readonly Value[], most: number): readonly Value[] {
  if (values.length <= most) return values
  return Array.from({ length: most }, (_, index) => values[Math.floor((index * values.length) / most)])
}
