import type { Cause, FailureDocument } from '../../records.js'

/** What a failure's log tells that packets can be found by. Times in milliseconds, on the log's clock. */
export interface LoggedFailure {
  /** The correlation id. */
  readonly id: string
  /** `host:port`, as in the log; null where it does not tell. */
  readonly target: string | null
  readonly method: string | null
  /** Without query; null where it is not known or masked in part. */
  readonly path: string | null
  /** The path behind the base path, which the gateway replaces; empty where nothing is behind it. */
  readonly tail: string | null
  /** When the request to the target began; null where no target half tells. */
  readonly startMs: number | null
  /** When it had failed. */
  readonly endMs: number
  /** Of the connection that it took, as the log tells. */
  readonly idleMs: number | null
  readonly isReused: boolean | null
  readonly cause: Cause
  readonly phase: 'request' | 'response' | null
}

/** The gateway sent nothing to a target. */
const NEVER_SENT = new Set<Cause>(['rejected_by_gateway', 'dns_notfound'])

/** Null where no packet can belong to the failure. */
export function loggedFailureOf({
  '@timestamp': timestamp,
  http,
  url,
  edgemicro,
}: FailureDocument): LoggedFailure | null {
  const { id, method } = http.request
  if (id === null || NEVER_SENT.has(edgemicro.cause)) return null
  const { evidence, halves, phase, proxy } = edgemicro
  const endMs = Date.parse(timestamp) - (evidence.halves_gap_ms ?? 0)
  // The gateway writes nothing for 0 ms.
  const elapsedMs = evidence.elapsed_ms ?? (halves !== 'client' && phase === 'request' ? 0 : null)
  const path = url.path === null || url.path.includes('***') ? null : url.path
  return {
    id,
    target: edgemicro.target,
    method,
    path,
    tail: path === null ? null : tailOf(path, proxy),
    startMs: elapsedMs === null ? null : endMs - elapsedMs,
    endMs,
    idleMs: evidence.idle_ms ?? null,
    isReused: evidence.reused == null ? null : evidence.reused === 1,
    cause: edgemicro.cause,
    phase,
  }
}

function tailOf(path: string, proxy: string | null): string {
  const base = `/${proxy ?? ''}`
  const tail = proxy !== null && path.startsWith(base) ? path.slice(base.length) : path
  return tail === '/' ? '' : tail
}
