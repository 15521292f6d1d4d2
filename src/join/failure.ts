import type { Failure, Half, HalfRole, RequestFacts } from '../records.js'

const ROLE_ORDER: readonly HalfRole[] = ['request_error', 'response_error', 'response_aborted', 'client']

/** Adds a half to those of the target, one for each role in the order of roles; of two of a role the earlier stays. */
export function withHalf(halves: readonly Half[], half: Half): readonly Half[] {
  if (halves.length === 0) return [half]
  const others = halves.filter(({ role }) => role !== half.role)
  const same = halves.find(({ role }) => role === half.role)
  const kept = same === undefined ? half : earlier(same, half)
  return [...others, kept].sort((a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role))
}

/** Of two sightings of one line, the one that knows more: a dead letter does not hold all that stood in its line. */
export function earlier(a: Half, b: Half): Half {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs ? a : b
  if (a.position.offset !== b.position.offset) return a.position.offset < b.position.offset ? a : b
  if (a.position.source !== b.position.source) return a.position.source < b.position.source ? a : b
  const unknowns = unknownsOf(a) - unknownsOf(b)
  if (unknowns !== 0) return unknowns < 0 ? a : b
  return connectionOrder(a) >= connectionOrder(b) ? a : b
}

/** Of two accounts of one connection, the one that saw more of the requests before; any order will do between equals. */
function connectionOrder({ connection }: Half): string {
  if (connection === null || connection === 'new') return connection ?? ''
  return `${String(connection.reuses).padStart(16, '0')} ${JSON.stringify(connection)}`
}

function unknownsOf({ host, status, errorMessage, errorCode, elapsedMs, connection }: Half): number {
  return [host, status, errorMessage, errorCode, elapsedMs, connection].filter((value) => value === null).length
}

/**
 * What two sightings of one failure say together; the order does not matter, and a sighting twice changes nothing.
 * This is the rule by which stores merge halves that come apart.
 */
export function mergeFailures(a: Failure, b: Failure): Failure {
  let target = a.target
  for (const half of b.target) target = withHalf(target, half)
  const client = a.client === null || b.client === null ? (a.client ?? b.client) : earlier(a.client, b.client)
  return {
    id: a.id,
    request: mergeFacts(a.request, b.request),
    target,
    client,
    clientAbortedAfterMs: smaller(a.clientAbortedAfterMs, b.clientAbortedAfterMs),
  }
}

/** Both sightings write the same, but where one of them could not tell. */
export function mergeFacts(a: RequestFacts, b: RequestFacts): RequestFacts {
  const inferredTarget = smaller(a.inferredTarget ?? null, b.inferredTarget ?? null)
  return {
    correlationId: smaller(a.correlationId, b.correlationId),
    org: smaller(a.org, b.org),
    env: smaller(a.env, b.env),
    method: smaller(a.method, b.method),
    path: smaller(a.path, b.path),
    query: smaller(a.query, b.query),
    clientIp: smaller(a.clientIp, b.clientIp),
    clientKey: smaller(a.clientKey, b.clientKey),
    worker: smaller(a.worker, b.worker),
    gateway: smaller(a.gateway, b.gateway),
    proxy: smaller(a.proxy, b.proxy),
    ...(inferredTarget !== null && { inferredTarget }),
  }
}

/** What is known, whoever knows it. Sightings of one request agree; where they do not, their order must not decide. */
function smaller<Value extends string | number>(a: Value | null, b: Value | null): Value | null {
  if (a === null || b === null) return a ?? b
  return a <= b ? a : b
}
