import { createHash } from 'node:crypto'
import type { TrafficCount } from '../count/traffic.js'
import { diagnose } from '../diagnose/cause.js'
import { resetOf } from '../diagnose/judge.js'
import { mergeFailures } from '../join/failure.js'
import { withPacketsOf } from '../pcap/match/packet-verdict.js'
import type {
  Connection,
  Failure,
  FailureDocument,
  Half,
  HalfDocument,
  LineSource,
  TargetSource,
  TrafficDocument,
} from '../records.js'
import { isoTime } from './iso-time.js'

export interface InferredTarget {
  readonly target: string | null
  readonly source: TargetSource
}

export const UNKNOWN_TARGET: InferredTarget = { target: null, source: 'unknown' }

/**
 * The failure document of contract.md. A target half names the target; `inferred` is used only where there is none.
 * What the client got comes from its half where there is one: a timeout's target half says ECONNRESET, its client
 * half 504 without a code. Without halves a document cannot be merged: for output that nobody merges.
 */
export function toFailureDocument(
  failure: Failure,
  inferred: InferredTarget,
  { withHalves = true }: { readonly withHalves?: boolean } = {},
): FailureDocument {
  const { request, target, client } = failure
  const named = target.find(({ host }) => host !== null)?.host ?? null
  const { target: targetName, source } = named === null ? inferred : { target: named, source: 'log' as const }
  const half = client ?? target[0]
  const verdict = diagnose(failure)
  const elapsedMs = target.find((each) => each.elapsedMs !== null)?.elapsedMs ?? null
  const status = client?.status ?? target.find((each) => each.status !== null)?.status ?? null
  return {
    '@timestamp': isoTime(half.timeMs),
    event: {
      kind: 'event',
      category: ['web'],
      type: ['error'],
      outcome: 'failure',
      dataset: 'edgemicro.failure',
      duration: elapsedMs === null ? null : elapsedMs * 1_000_000,
    },
    http: { request: { id: request.correlationId, method: request.method }, response: { status_code: status } },
    url: request.query === null ? { path: request.path } : { path: request.path, query: request.query },
    error: { code: half.errorCode, message: half.errorMessage },
    server: addressOf(targetName),
    client: { ip: request.clientIp },
    edgemicro: {
      target: targetName,
      target_source: source,
      proxy: request.proxy,
      org: request.org,
      env: request.env,
      gateway: request.gateway,
      worker: request.worker,
      halves: client === null ? 'target' : target.length === 0 ? 'client' : 'both',
      phase: target.some(({ role }) => role !== 'request_error') ? 'response' : 'request',
      cause: verdict.cause,
      confidence: verdict.confidence,
      evidence: verdict.evidence,
      client_key: request.clientKey,
      target_halves: withHalves ? target.map(toHalfDocument) : [],
      client_half: client === null || !withHalves ? null : toHalfDocument(client),
    },
    log: { level: half.level, file: { path: half.position.source }, offset: half.position.offset },
  }
}

/**
 * Merges two documents of one failure as `mergeFailures` does; what is derived is derived again. A verdict that others of its
 * target gave stays, of two the surer one.
 */
export function mergeFailureDocuments(stored: FailureDocument, incoming: FailureDocument): FailureDocument {
  const known = [stored, incoming].find(({ edgemicro }) => edgemicro.target !== null)?.edgemicro
  const inferred: InferredTarget =
    known === undefined ? UNKNOWN_TARGET : { target: known.target, source: known.target_source }
  const merged = toFailureDocument(mergeFailures(fromFailureDocument(stored), fromFailureDocument(incoming)), inferred)
  return withPacketsOf(withSurerJudgement(merged, [stored, incoming]), [stored, incoming])
}

function withSurerJudgement(merged: FailureDocument, of: readonly FailureDocument[]): FailureDocument {
  if (resetOf(merged) === null) return merged
  const [surer] = of
    .filter((each) => resetOf(each) !== null)
    .map(({ edgemicro: { cause, confidence } }) => ({ cause, confidence }))
    .sort((one, other) => other.confidence - one.confidence || (one.cause < other.cause ? -1 : 1))
  return surer === undefined ? merged : { ...merged, edgemicro: { ...merged.edgemicro, ...surer } }
}

/**
 * A document as it is before others of its target tell its cause: two that hold the same evidence are the same then. Any value
 * that is no such document stays.
 */
export function withoutJudgement(document: unknown): unknown {
  if (!isFailureDocument(document)) return document
  if (document.edgemicro.evidence.packet_failures != null) return withoutJudgement(withoutPackets(document))
  if (resetOf(document) === null) return document
  return { ...document, edgemicro: { ...document.edgemicro, cause: 'undetermined', confidence: 0 } }
}

/** As its halves alone make it. */
function withoutPackets(document: FailureDocument): FailureDocument {
  const { target, target_source: source } = document.edgemicro
  return toFailureDocument(fromFailureDocument(document), { target, source })
}

function isFailureDocument(value: unknown): value is FailureDocument {
  const { edgemicro, error } = (value ?? {}) as Partial<FailureDocument>
  return (
    typeof error === 'object' &&
    error !== null &&
    typeof edgemicro?.evidence === 'object' &&
    edgemicro.evidence !== null
  )
}

function fromFailureDocument(document: FailureDocument): Failure {
  const { http, url, client, edgemicro } = document
  return {
    id: http.request.id ?? '',
    request: {
      correlationId: http.request.id,
      org: edgemicro.org,
      env: edgemicro.env,
      method: http.request.method,
      path: url.path,
      query: url.query ?? null,
      clientIp: client.ip,
      clientKey: edgemicro.client_key,
      worker: edgemicro.worker,
      gateway: edgemicro.gateway,
      proxy: edgemicro.proxy,
    },
    target: edgemicro.target_halves.map(fromHalfDocument),
    client: edgemicro.client_half === null ? null : fromHalfDocument(edgemicro.client_half),
    clientAbortedAfterMs: edgemicro.evidence.client_aborted_after_ms ?? null,
  }
}

function toHalfDocument(half: Half): HalfDocument {
  return {
    role: half.role,
    timestamp: isoTime(half.timeMs),
    level: half.level,
    host: half.host,
    status_code: half.status,
    error_code: half.errorCode,
    error_message: half.errorMessage,
    elapsed_ms: half.elapsedMs,
    ...(half.role !== 'client' && { connection: toConnectionDocument(half.connection) }),
    path: half.position.source,
    offset: half.position.offset,
  }
}

function toConnectionDocument(connection: Connection): HalfDocument['connection'] {
  if (connection === null) return null
  return connection === 'new' ? { reused: 0 } : { reused: 1, ...connection }
}

function fromConnectionDocument(connection: HalfDocument['connection']): Connection {
  if (connection === null || connection === undefined) return null
  if (connection.reused === 0) return 'new'
  const { reused: _, ...reuse } = connection
  return reuse
}

function fromHalfDocument(half: HalfDocument): Half {
  return {
    role: half.role,
    timeMs: Date.parse(half.timestamp),
    level: half.level,
    host: half.host,
    status: half.status_code,
    errorCode: half.error_code,
    errorMessage: half.error_message,
    elapsedMs: half.elapsed_ms,
    connection: fromConnectionDocument(half.connection),
    position: { source: half.path, offset: half.offset },
  }
}

/** `host:port` → its two parts; an IPv6 literal keeps its brackets off. */
function addressOf(target: string | null): { readonly address: string | null; readonly port: number | null } {
  if (target === null) return { address: null, port: null }
  const parts = /^(.*):(\d{1,5})$/s.exec(target)
  if (parts === null) return { address: target, port: null }
  return { address: parts[1].replace(/^\[(.*)\]$/, '$1'), port: Number(parts[2]) }
}

export interface IdentifiedTraffic {
  readonly id: string
  readonly document: TrafficDocument
}

/** The traffic document of contract.md; its id derives from window, dimensions and partition. */
export function toTrafficDocument(
  source: Pick<LineSource, 'partition' | 'gateway'>,
  { minuteMs, dimensions, requests, responses }: TrafficCount,
): IdentifiedTraffic {
  const { target, proxy, org, env, basis } = dimensions
  const { partition, gateway } = source
  const timestamp = new Date(minuteMs).toISOString()
  const id = digest(JSON.stringify([timestamp, partition, target, proxy, org, env, basis]))
  return {
    id,
    document: {
      '@timestamp': timestamp,
      event: { dataset: 'edgemicro.traffic' },
      edgemicro: { target, proxy, org, env, gateway, partition, requests, responses, basis },
    },
  }
}

/** 32 hex digits that stand for a text; collisions are not to be expected. */
export function digest(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
