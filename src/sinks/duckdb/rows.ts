import {
  BIGINT,
  DOUBLE,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP,
  VARCHAR,
} from '@duckdb/node-api'
import type { JudgedFailure } from '../../judged-failure.js'
import type {
  Cause,
  FailureDocument,
  HalfDocument,
  TargetSource,
  TrafficBasis,
  TrafficDocument,
} from '../../records.js'

/** One column of a table: its name, its type, and its value in a document. */
export interface Column<Document> {
  readonly name: string
  readonly type: DuckDBType
  readonly of: (document: Document, id: string) => DuckDBValue
}

/** A row as DuckDB gives it, by column name. */
export type Row = Readonly<Record<string, DuckDBValue>>

/** Columns of `failures`; the tables stand in `mappings/duckdb/`. */
export const FAILURE_COLUMNS: readonly Column<FailureDocument>[] = [
  { name: 'id', type: VARCHAR, of: (_, id) => id },
  { name: 'timestamp', type: TIMESTAMP, of: (failure) => instant(Date.parse(failure['@timestamp'])) },
  { name: 'duration_ns', type: BIGINT, of: (failure) => whole(failure.event.duration) },
  { name: 'request_id', type: VARCHAR, of: (failure) => failure.http.request.id },
  { name: 'method', type: VARCHAR, of: (failure) => failure.http.request.method },
  { name: 'status_code', type: BIGINT, of: (failure) => whole(failure.http.response.status_code) },
  { name: 'path', type: VARCHAR, of: (failure) => failure.url.path },
  { name: 'query', type: VARCHAR, of: (failure) => failure.url.query ?? null },
  { name: 'error_code', type: VARCHAR, of: (failure) => failure.error.code },
  { name: 'error_message', type: VARCHAR, of: (failure) => failure.error.message },
  { name: 'server_address', type: VARCHAR, of: (failure) => failure.server.address },
  { name: 'server_port', type: BIGINT, of: (failure) => whole(failure.server.port) },
  { name: 'client_ip', type: VARCHAR, of: (failure) => failure.client.ip },
  { name: 'client_key', type: VARCHAR, of: (failure) => failure.edgemicro.client_key },
  { name: 'target', type: VARCHAR, of: (failure) => failure.edgemicro.target },
  { name: 'target_source', type: VARCHAR, of: (failure) => failure.edgemicro.target_source },
  { name: 'proxy', type: VARCHAR, of: (failure) => failure.edgemicro.proxy },
  { name: 'org', type: VARCHAR, of: (failure) => failure.edgemicro.org },
  { name: 'env', type: VARCHAR, of: (failure) => failure.edgemicro.env },
  { name: 'gateway', type: VARCHAR, of: (failure) => failure.edgemicro.gateway },
  { name: 'worker', type: VARCHAR, of: (failure) => failure.edgemicro.worker },
  { name: 'halves', type: VARCHAR, of: (failure) => failure.edgemicro.halves },
  { name: 'phase', type: VARCHAR, of: (failure) => failure.edgemicro.phase },
  { name: 'cause', type: VARCHAR, of: (failure) => failure.edgemicro.cause },
  { name: 'confidence', type: DOUBLE, of: (failure) => failure.edgemicro.confidence },
  { name: 'evidence', type: VARCHAR, of: (failure) => JSON.stringify(failure.edgemicro.evidence) },
  { name: 'target_halves', type: VARCHAR, of: (failure) => JSON.stringify(failure.edgemicro.target_halves) },
  { name: 'client_half', type: VARCHAR, of: (failure) => jsonOrNull(failure.edgemicro.client_half) },
  { name: 'log_level', type: VARCHAR, of: (failure) => failure.log.level },
  { name: 'log_path', type: VARCHAR, of: (failure) => failure.log.file.path },
  { name: 'log_offset', type: BIGINT, of: (failure) => whole(failure.log.offset) ?? 0n },
]

/** Columns of `traffic`. */
export const TRAFFIC_COLUMNS: readonly Column<TrafficDocument>[] = [
  { name: 'id', type: VARCHAR, of: (_, id) => id },
  { name: 'timestamp', type: TIMESTAMP, of: (traffic) => instant(Date.parse(traffic['@timestamp'])) },
  { name: 'target', type: VARCHAR, of: (traffic) => traffic.edgemicro.target },
  { name: 'proxy', type: VARCHAR, of: (traffic) => traffic.edgemicro.proxy },
  { name: 'org', type: VARCHAR, of: (traffic) => traffic.edgemicro.org },
  { name: 'env', type: VARCHAR, of: (traffic) => traffic.edgemicro.env },
  { name: 'gateway', type: VARCHAR, of: (traffic) => traffic.edgemicro.gateway },
  { name: 'partition', type: VARCHAR, of: (traffic) => traffic.edgemicro.partition },
  { name: 'requests', type: BIGINT, of: (traffic) => whole(traffic.edgemicro.requests) ?? 0n },
  { name: 'responses', type: BIGINT, of: (traffic) => whole(traffic.edgemicro.responses) ?? 0n },
  { name: 'basis', type: VARCHAR, of: (traffic) => traffic.edgemicro.basis },
]

/**
 * The form in which DuckDB keeps a text: a lone surrogate becomes U+FFFD, everything else stays, NUL included. Two ids
 * that are one to the store must be one to us too.
 */
export function storedText(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** The failure document of a row of `failures`; the inverse of `FAILURE_COLUMNS`. */
export function failureOf(row: Row): FailureDocument {
  return {
    '@timestamp': isoOf(row.timestamp),
    event: {
      kind: 'event',
      category: ['web'],
      type: ['error'],
      outcome: 'failure',
      dataset: 'edgemicro.failure',
      duration: numberOf(row.duration_ns),
    },
    http: {
      request: { id: textOf(row.request_id), method: textOf(row.method) },
      response: { status_code: numberOf(row.status_code) },
    },
    url: row.query === null ? { path: textOf(row.path) } : { path: textOf(row.path), query: String(row.query) },
    error: { code: textOf(row.error_code), message: textOf(row.error_message) },
    server: { address: textOf(row.server_address), port: numberOf(row.server_port) },
    client: { ip: textOf(row.client_ip) },
    edgemicro: edgemicroOf(row),
    log: { level: String(row.log_level), file: { path: String(row.log_path) }, offset: Number(row.log_offset) },
  }
}

/** What a verdict may rest on, of a row of `failures`. */
export function judgedFailureOf(row: Row): JudgedFailure {
  return {
    '@timestamp': isoOf(row.timestamp),
    http: { request: { id: textOf(row.request_id) } },
    error: { code: textOf(row.error_code), message: textOf(row.error_message) },
    edgemicro: {
      target: textOf(row.target),
      target_source: String(row.target_source) as TargetSource,
      proxy: textOf(row.proxy),
      gateway: textOf(row.gateway),
      cause: String(row.cause) as Cause,
      confidence: Number(row.confidence),
      evidence: JSON.parse(String(row.evidence)) as Readonly<Record<string, number | null>>,
    },
    log: { file: { path: String(row.log_path) }, offset: Number(row.log_offset) },
  }
}

/** The traffic document of a row of `traffic`; the inverse of `TRAFFIC_COLUMNS`. */
export function trafficOf(row: Row): TrafficDocument {
  return {
    '@timestamp': isoOf(row.timestamp),
    event: { dataset: 'edgemicro.traffic' },
    edgemicro: {
      target: textOf(row.target),
      proxy: textOf(row.proxy),
      org: textOf(row.org),
      env: textOf(row.env),
      gateway: textOf(row.gateway),
      partition: String(row.partition),
      requests: Number(row.requests),
      responses: Number(row.responses),
      basis: String(row.basis) as TrafficBasis,
    },
  }
}

/** True where both documents give the same row. */
export function sameRow<Document>(columns: readonly Column<Document>[], one: Document, other: Document): boolean {
  return columns.every((column) => sameValue(column.of(one, ''), column.of(other, '')))
}

function sameValue(one: DuckDBValue, other: DuckDBValue): boolean {
  if (one instanceof DuckDBTimestampValue && other instanceof DuckDBTimestampValue) return one.micros === other.micros
  return Object.is(one, other)
}

function edgemicroOf(row: Row): FailureDocument['edgemicro'] {
  return {
    target: textOf(row.target),
    target_source: String(row.target_source) as TargetSource,
    proxy: textOf(row.proxy),
    org: textOf(row.org),
    env: textOf(row.env),
    gateway: textOf(row.gateway),
    worker: textOf(row.worker),
    halves: String(row.halves) as FailureDocument['edgemicro']['halves'],
    phase: textOf(row.phase) as FailureDocument['edgemicro']['phase'],
    cause: String(row.cause) as Cause,
    confidence: Number(row.confidence),
    evidence: JSON.parse(String(row.evidence)) as Readonly<Record<string, number | null>>,
    client_key: textOf(row.client_key),
    target_halves: JSON.parse(String(row.target_halves)) as readonly HalfDocument[],
    client_half: row.client_half === null ? null : (JSON.parse(String(row.client_half)) as HalfDocument),
  }
}

/** Takes milliseconds since the epoch. */
export function instant(timeMs: number): DuckDBTimestampValue {
  return new DuckDBTimestampValue(BigInt(timeMs) * 1000n)
}

function isoOf(value: DuckDBValue): string {
  if (!(value instanceof DuckDBTimestampValue)) throw new TypeError('a TIMESTAMP column holds something else')
  return new Date(Number(value.micros / 1000n)).toISOString()
}

/** A number that is not a whole one below 2^53 cannot have been counted or measured: it is left out. */
function whole(value: number | null): bigint | null {
  return value !== null && Number.isSafeInteger(value) ? BigInt(value) : null
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}

function textOf(value: DuckDBValue): string | null {
  return value === null ? null : String(value)
}

function numberOf(value: DuckDBValue): number | null {
  return value === null ? null : Number(value)
}
