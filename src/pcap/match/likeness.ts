import type { Cause } from '../../records.js'
import type { LoggedFailure } from './logged-failure.js'
import type { WireRequest } from './wire-request.js'

/** How a failure of the log and a request in a capture can belong together. */
export interface Likeness {
  /** `path`: the same one. `time`: only times and what else there is tell. */
  readonly basis: 'path' | 'time'
  /** How much of the path is the same; of a greater likeness those of a lesser one are no rivals. */
  readonly path: 0 | 1 | 2 | 3
  /** In milliseconds: how far apart they are in their beginnings, ends, and idle times. */
  readonly distance: number
}

/** The log's times come late: its clock is read when the gateway gets to write, seconds behind the socket on a busy machine. */
const MOST_LATE_MS = 3_000
/** How much earlier it may be: the clocks' offset is an estimate, and the gateway may log before it closes. */
const MOST_EARLY_MS = 150
/** What is under way at the capture's end had not failed before. */
const MOST_EARLY_OPEN_MS = 100
/** The log's beginning of a request is its end less its duration, so it is late where the end is. */
const MOST_EARLY_START_MS = 500
const OTHER_REUSE_MS = 50
/** Fewer characters of a path that was cut may be the same by chance. */
const LEAST_PATH_START = 4

/** Null where they cannot belong together. `offsetMs`: the log's clock less the capture's. */
export function likenessOf(failure: LoggedFailure, request: WireRequest, offsetMs: number): Likeness | null {
  if (!isPossible(failure, request)) return null
  const path = comparePaths(failure, request)
  if (path === 'different') return null
  const gaps = gapsOf(failure, request, offsetMs)
  if (gaps === null) return null
  const reuse = failure.isReused !== null && failure.isReused !== request.isReused ? OTHER_REUSE_MS : 0
  const distance = Math.abs(gaps.start ?? 0) + Math.abs(gaps.end ?? 0) + idleGap(failure, request) / 2 + reuse
  return { basis: path === 'same' || path === 'ends_same' ? 'path' : 'time', path: LIKENESS[path], distance }
}

const LIKENESS = { same: 3, ends_same: 2, begins_same: 1, unknown: 0 } as const

/** By method, and by whether it was the connection that could not be had. */
export function isPossible({ method, cause }: LoggedFailure, request: WireRequest): boolean {
  if (method !== null && request.method !== null && method !== request.method) return false
  if (NO_CONNECTION.has(cause)) return request.isConnecting
  if (request.isUnseen) return RESET.has(cause)
  return !request.isConnecting
}

const NO_CONNECTION = new Set<Cause>(['connect_refused', 'connect_timeout', 'host_unreachable'])
const RESET = new Set<Cause>(['keepalive_race', 'premature_close', 'undetermined'])

interface Gaps {
  readonly start: number | null
  readonly end: number | null
}

function gapsOf({ startMs, endMs }: LoggedFailure, request: WireRequest, offsetMs: number): Gaps | null {
  if (request.isOpen && endMs - offsetMs < request.captureEndMs - MOST_EARLY_OPEN_MS) return null
  const start = startMs === null || request.startMs === null ? null : request.startMs + offsetMs - startMs
  const isEndKnown =
    request.endMs !== null && !(request.isConnecting && request.finding.verdict.cause !== 'connect_refused')
  const end = isEndKnown && request.endMs !== null ? endMs - request.endMs - offsetMs : null
  if (start === null && end === null) return null
  if (end !== null && (end < -MOST_EARLY_MS || end > MOST_LATE_MS)) return null
  if (start !== null && (start < -MOST_EARLY_START_MS || start > MOST_LATE_MS)) return null
  return { start, end }
}

function idleGap({ idleMs, startMs, endMs }: LoggedFailure, request: WireRequest): number {
  if (idleMs === null || request.idleMs === null) return 0
  const elapsedMs = request.isUnseen && startMs !== null ? endMs - startMs : 0
  return Math.abs(idleMs + elapsedMs - request.idleMs)
}

type PathLikeness = 'same' | 'ends_same' | 'begins_same' | 'unknown' | 'different'

/** The gateway puts the target's path in the place of the base path: what is behind it is the same. */
export function comparePaths({ path, tail }: LoggedFailure, request: WireRequest): PathLikeness {
  if (path === null || tail === null || tail === '') return 'unknown'
  if (request.path !== null) {
    // Without configuration the base path is a guess.
    if (request.path.endsWith(tail)) return 'same'
    return lastSegment(request.path) === lastSegment(path) ? 'ends_same' : 'different'
  }
  return request.pathStart !== null && beginsWithin(request.pathStart, tail) ? 'begins_same' : 'unknown'
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf('/'))

/** Whether a path that was cut ends in how `tail` begins. */
function beginsWithin(cut: string, tail: string): boolean {
  for (let at = cut.indexOf('/'); at >= 0 && cut.length - at >= LEAST_PATH_START; at = cut.indexOf('/', at + 1)) {
    if (tail.startsWith(cut.slice(at))) return true
  }
  return false
}
