import { answer, checkWindows, distinct, trafficDimensions } from './answer.js'
import { Cells } from './cells.js'
import type { Dimension, Filter, FrequencyRow, FrequencyStore, Question } from './question.js'

/** What questions need of a cluster; its faults are those of whoever gives it. */
export interface ElasticsearchRequests {
  request<Body>(request: ElasticsearchRequest): Promise<{ readonly status: number; readonly body: Body }>
  close(): Promise<void>
}

export interface ElasticsearchRequest {
  readonly method: 'POST' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: object
  /** Statuses that are an answer and no error, besides 2xx. */
  readonly answers?: readonly number[]
}

/**
 * Answers from `<prefix>-failures-*` and `<prefix>-traffic-*`, exactly: composite aggregations, page by page, over a
 * view of the index that stands still meanwhile. What was stored before the question is seen, unless the user may not
 * refresh an index: then what was stored within its refresh interval may be missing. No index is no failure.
 *
 * A text longer than 1024 characters is not indexed, and so counts as absent here.
 */
export class ElasticsearchFrequencyStore implements FrequencyStore {
  constructor(
    private readonly elasticsearch: ElasticsearchRequests,
    private readonly prefix: string,
  ) {}

  async ask(question: Question): Promise<readonly FrequencyRow[]> {
    checkWindows(question)
    const by = distinct(question.by)
    const failures = await this.#count('failures', by, question)
    const filter = { ...question.filter, code: undefined }
    const requests = await this.#count('traffic', trafficDimensions(by), { ...question, filter })
    return answer(by, failures, requests)
  }

  close(): Promise<void> {
    return this.elasticsearch.close()
  }

  async #count(kind: Kind, by: readonly Dimension[], { everyMs, filter }: Question): Promise<Cells> {
    const indices = `/${encodeURIComponent(`${this.prefix}-${kind}-`)}*`
    const cells = new Cells(by.length, Number.POSITIVE_INFINITY)
    await this.elasticsearch.request({ method: 'POST', path: `${indices}/_refresh`, answers: [FORBIDDEN] })
    const view = await this.#openView(indices)
    try {
      const sources = sourcesOf(by, everyMs)
      let after: Key | undefined
      do {
        const { body }: { readonly body: Page } = await this.elasticsearch.request<Page>({
          method: 'POST',
          path: '/_search',
          query: { allow_partial_search_results: false },
          body: {
            size: 0,
            track_total_hits: false,
            pit: { id: view, keep_alive: KEEP_ALIVE },
            query: { bool: { filter: conditionsOf(filter) } },
            aggs: { groups: { composite: { size: PAGE_GROUPS, sources, after }, aggs: MEASURES[kind] } },
          },
        })
        for (const bucket of body.aggregations?.groups.buckets ?? []) addTo(cells, bucket, by)
        after = body.aggregations?.groups.after_key
      } while (after !== undefined)
    } finally {
      await this.#closeView(view)
    }
    return cells
  }

  async #openView(indices: string): Promise<string> {
    const query = { keep_alive: KEEP_ALIVE, ignore_unavailable: true }
    const { body } = await this.elasticsearch.request<{ readonly id: string }>({
      method: 'POST',
      path: `${indices}/_pit`,
      query,
    })
    return body.id
  }

  /** A view that cannot be given back ends by itself: no reason to lose an answer. */
  async #closeView(id: string): Promise<void> {
    await this.elasticsearch.request({ method: 'DELETE', path: '/_pit', body: { id } }).catch(() => {})
  }
}

type Kind = 'failures' | 'traffic'

type Key = Readonly<Record<string, string | number | null>>

interface Bucket {
  readonly key: Key
  readonly doc_count: number
  readonly requests?: { readonly value: number }
  readonly first?: { readonly value: number | null }
  readonly last?: { readonly value: number | null }
}

interface Page {
  /** Absent where there is no index. */
  readonly aggregations?: { readonly groups: { readonly buckets: readonly Bucket[]; readonly after_key?: Key } }
}

const FORBIDDEN = 403
const KEEP_ALIVE = '1m'
/** The server's own bound is 65,536 buckets in an answer. */
const PAGE_GROUPS = 10_000

const FIELD: Readonly<Record<Dimension, string>> = {
  target: 'edgemicro.target',
  cause: 'edgemicro.cause',
  code: 'error.code',
  proxy: 'edgemicro.proxy',
  status: 'http.response.status_code',
  gateway: 'edgemicro.gateway',
  worker: 'edgemicro.worker',
  org: 'edgemicro.org',
  env: 'edgemicro.env',
  method: 'http.request.method',
}

const MEASURES: Readonly<Record<Kind, object>> = {
  failures: { first: { min: { field: '@timestamp' } }, last: { max: { field: '@timestamp' } } },
  traffic: { requests: { sum: { field: 'edgemicro.requests' } } },
}

/** The window first: its field is what an index is searched by. Names of dimensions are ours, none is `start` or `all`. */
function sourcesOf(by: readonly Dimension[], everyMs: number | null): readonly object[] {
  const sources: object[] = by.map((dimension) => ({ [dimension]: valuesOf(FIELD[dimension]) }))
  if (everyMs !== null) {
    sources.unshift({ start: { date_histogram: { field: '@timestamp', fixed_interval: `${everyMs}ms` } } })
  }
  // An aggregation must have a source: one that is the same for all documents.
  return sources.length > 0 ? sources : [{ all: valuesOf('event.dataset') }]
}

function valuesOf(field: string): object {
  return { terms: { field, missing_bucket: true } }
}

function conditionsOf({ sinceMs, untilMs, target, proxy, code }: Filter): readonly object[] {
  const conditions: object[] = []
  if (sinceMs !== undefined || untilMs !== undefined) {
    conditions.push({ range: { '@timestamp': { gte: sinceMs, lt: untilMs, format: 'epoch_millis' } } })
  }
  for (const [dimension, value] of Object.entries({ target, proxy, code })) {
    if (value !== undefined) conditions.push({ term: { [FIELD[dimension as Dimension]]: value } })
  }
  return conditions
}

function addTo(cells: Cells, { key, doc_count, requests, first, last }: Bucket, by: readonly Dimension[]): void {
  const start = key.start === undefined ? null : Number(key.start)
  const cell = cells.at(
    start,
    by.map((dimension) => textOf(key[dimension])),
  )
  cell.count += requests?.value ?? doc_count
  if (first?.value != null) cell.firstMs = Math.min(cell.firstMs ?? first.value, first.value)
  if (last?.value != null) cell.lastMs = Math.max(cell.lastMs ?? last.value, last.value)
}

/** `status` is a number in the index, and text in an answer. */
function textOf(value: string | number | null | undefined): string | null {
  return value === null || value === undefined ? null : String(value)
}
