import { TransientError } from '../../../errors.js'
import type { Elasticsearch } from '../connection.js'
import type { FailureCount, FrequencyDocument, RequestCount } from './documents.js'
import type { StoredFrequency } from './plan.js'

export const MINUTE_MS = 60_000

/** What reading some minutes needs. */
export interface Reading {
  readonly elasticsearch: Pick<Elasticsearch, 'request'>
  readonly prefix: string
  /** Starts of minutes, in any order. */
  readonly minutes: readonly number[]
}

/** Makes what was stored before visible to searches. Throws `TransientError` where a part of an index could not. */
export async function refresh({ elasticsearch, prefix }: Pick<Reading, 'elasticsearch' | 'prefix'>): Promise<void> {
  const indices = (['failures', 'traffic', 'frequency'] as const).map((kind) => indicesOf(prefix, kind)).join(',')
  const { body } = await elasticsearch.request<{ readonly _shards: { readonly failed: number } }>({
    method: 'POST',
    path: `/${indices}/_refresh`,
    query: { ignore_unavailable: true },
  })
  if (body._shards.failed === 0) return
  throw new TransientError(`${body._shards.failed} shards were not refreshed: ${prefix}`, {
    code: 'store_unreachable',
    hint: 'look at the health of the cluster; the minutes that changed are counted again when it has recovered',
  })
}

/** The documents that these minutes have, each with the version to replace it by. */
export async function readStored({ elasticsearch, prefix, minutes }: Reading): Promise<readonly StoredFrequency[]> {
  const stored: StoredFrequency[] = []
  let after: readonly unknown[] | undefined
  do {
    const { body } = await elasticsearch.request<Hits>({
      ...searchOf(prefix, 'frequency'),
      body: {
        size: PAGE,
        seq_no_primary_term: true,
        track_total_hits: false,
        query: within(minutes),
        sort: [{ 'event.id': { order: 'asc', unmapped_type: 'keyword' } }],
        search_after: after,
      },
    })
    const { hits } = body.hits
    for (const { _index, _id, _seq_no, _primary_term, _source } of hits) {
      stored.push({ index: _index, id: _id, seqNo: _seq_no, primaryTerm: _primary_term, document: _source })
    }
    after = hits.length < PAGE ? undefined : hits.at(-1)?.sort
  } while (after !== undefined)
  return stored
}

/** Failures of these minutes; null where there are more than `most` groups of them. */
export async function countFailures(reading: Reading, most: number): Promise<readonly FailureCount[] | null> {
  const fields = { ...GROUP_FIELDS, cause: 'edgemicro.cause', code: 'error.code' }
  const query = within(reading.minutes)
  const buckets = await readBuckets(reading, { kind: 'failures', query, fields, measures: {}, most })
  return (
    buckets?.map(({ key, doc_count }) => ({
      ...groupOf(key),
      cause: textOf(key.cause),
      code: textOf(key.code),
      failures: doc_count,
    })) ?? null
  )
}

/** Requests of these minutes; null where there are more than `most` groups of them. */
export async function countRequests(reading: Reading, most: number): Promise<readonly RequestCount[] | null> {
  const measures = { requests: { sum: { field: 'edgemicro.requests' } } }
  const query = within(reading.minutes)
  const buckets = await readBuckets(reading, { kind: 'traffic', query, fields: GROUP_FIELDS, measures, most })
  return buckets?.map((bucket) => ({ ...groupOf(bucket.key), requests: sumOf(bucket, 'requests') })) ?? null
}

type Kind = 'failures' | 'traffic' | 'frequency'

type Key = Readonly<Record<string, string | number | null>>

/** Documents of one minute and one value of each field; sums under the names of the measures. */
export interface Bucket {
  readonly key: Key
  readonly doc_count: number
  readonly [measure: string]: unknown
}

interface Groups {
  /** Absent where there is no index. */
  readonly aggregations?: { readonly groups: { readonly buckets: readonly Bucket[]; readonly after_key?: Key } }
}

interface Hits {
  readonly hits: {
    readonly hits: readonly {
      readonly _index: string
      readonly _id: string
      readonly _seq_no: number
      readonly _primary_term: number
      readonly _source: FrequencyDocument
      readonly sort: readonly unknown[]
    }[]
  }
}

/** Hits or groups in an answer; the server's own bound on hits is 10,000. */
const PAGE = 10_000

const GROUP_FIELDS = {
  org: 'edgemicro.org',
  env: 'edgemicro.env',
  proxy: 'edgemicro.proxy',
  target: 'edgemicro.target',
  gateway: 'edgemicro.gateway',
}

interface Counted {
  readonly kind: Kind
  readonly query: object
  /** What groups differ in besides their minute: name → field. */
  readonly fields: Readonly<Record<string, string>>
  readonly measures: object
  readonly most: number
}

/** Groups of documents, minute by minute; null where there are more than `most`. */
export async function readBuckets(
  { elasticsearch, prefix }: Pick<Reading, 'elasticsearch' | 'prefix'>,
  { kind, query, fields, measures, most }: Counted,
): Promise<readonly Bucket[] | null> {
  const sources = [
    { minute: { date_histogram: { field: '@timestamp', fixed_interval: '1m' } } },
    ...Object.entries(fields).map(([name, field]) => ({ [name]: { terms: { field, missing_bucket: true } } })),
  ]
  const read: Bucket[] = []
  let after: Key | undefined
  do {
    const { body } = await elasticsearch.request<Groups>({
      ...searchOf(prefix, kind),
      body: {
        size: 0,
        track_total_hits: false,
        query,
        aggs: { groups: { composite: { size: PAGE, sources, after }, aggs: measures } },
      },
    })
    const groups = body.aggregations?.groups
    for (const bucket of groups?.buckets ?? []) read.push(bucket)
    if (read.length > most) return null
    after = groups === undefined || groups.buckets.length < PAGE ? undefined : groups.after_key
  } while (after !== undefined)
  return read
}

/** A part of the truth is none: a shard that does not answer is a fault. */
function searchOf(prefix: string, kind: Kind) {
  const query = { ignore_unavailable: true, allow_partial_search_results: false }
  return { method: 'POST', path: `/${indicesOf(prefix, kind)}/_search`, query } as const
}

function indicesOf(prefix: string, kind: Kind): string {
  return `${encodeURIComponent(`${prefix}-${kind}-`)}*`
}

/** Minutes that follow each other are one range. */
function within(minutes: readonly number[]): object {
  const ranges: { fromMs: number; untilMs: number }[] = []
  for (const minuteMs of [...minutes].sort((one, other) => one - other)) {
    const last = ranges.at(-1)
    if (last?.untilMs === minuteMs) last.untilMs += MINUTE_MS
    else ranges.push({ fromMs: minuteMs, untilMs: minuteMs + MINUTE_MS })
  }
  const conditions = ranges.map(({ fromMs, untilMs }) => ({
    range: { '@timestamp': { gte: fromMs, lt: untilMs, format: 'epoch_millis' } },
  }))
  return { bool: { filter: [{ bool: { should: conditions, minimum_should_match: 1 } }] } }
}

/** Of a bucket's measure; 0 where nothing has a value. */
export function sumOf(bucket: Bucket, measure: string): number {
  return (bucket[measure] as { readonly value: number | null } | undefined)?.value ?? 0
}

function groupOf(key: Key) {
  return {
    minuteMs: Number(key.minute),
    org: textOf(key.org),
    env: textOf(key.env),
    proxy: textOf(key.proxy),
    target: textOf(key.target),
    gateway: textOf(key.gateway),
  }
}

function textOf(value: string | number | null | undefined): string | null {
  return value === null || value === undefined ? null : String(value)
}
