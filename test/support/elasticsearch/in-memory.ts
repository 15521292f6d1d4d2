import { errors } from '@elastic/elasticsearch'
import { PermanentError, TransientError } from '../../../src/errors.js'
import type { Answer, Elasticsearch, Request } from '../../../src/sinks/elasticsearch/connection.js'

/**
 * What goes wrong with one request. `busy`: 429 as a whole; `items`: 429 for every other item; `too_large`, `malformed`:
 * 413 and 400 as a whole, where it holds more than one operation; `away`: 503; `lost`: applied, but the answer is lost.
 */
export type Fault = 'none' | 'busy' | 'items' | 'too_large' | 'malformed' | 'away' | 'lost'

export interface InMemoryOptions {
  /** Asked for each request. */
  readonly fault?: (request: Request) => Fault
  /** Waits before a request is applied, and again before it is answered. */
  readonly delay?: () => Promise<void>
  /** An item for which this gives a result is answered with it, and not applied. */
  readonly item?: (item: BulkItem) => ItemAnswer | null
}

export interface BulkItem {
  readonly action: string
  readonly index: string
  readonly id: string
}

export interface ItemAnswer {
  readonly status: number
  readonly error?: { readonly type: string; readonly reason: string }
}

interface StoredDocument {
  readonly source: Readonly<Record<string, unknown>>
  readonly version: number
  readonly seqNo: number
}

interface ActionMeta {
  readonly _index: string
  readonly _id: string
  readonly version?: number
  readonly if_seq_no?: number
  readonly if_primary_term?: number
}

/** Keeps documents as Elasticsearch does, as far as `_bulk` and `_mget` show it; each bulk item takes effect at once. */
export class InMemoryElasticsearch implements Elasticsearch {
  readonly name = 'http://in-memory:9200'
  readonly requests: Request[] = []
  readonly #options: InMemoryOptions
  readonly #indices = new Map<string, Map<string, StoredDocument>>()
  #seqNo = 0

  constructor(options: InMemoryOptions = {}) {
    this.#options = options
  }

  /** Every document, by index and id. */
  all(): readonly { readonly index: string; readonly id: string; readonly source: unknown }[] {
    return [...this.#indices].flatMap(([index, documents]) =>
      [...documents].map(([id, { source }]) => ({ index, id, source })),
    )
  }

  /** The indices that hold a document of this id. */
  indicesOf(id: string): readonly string[] {
    return this.all()
      .filter((stored) => stored.id === id)
      .map(({ index }) => index)
  }

  async request<Body>(request: Request): Promise<Answer<Body>> {
    this.requests.push(request)
    const fault = this.#options.fault?.(request) ?? 'none'
    await this.#options.delay?.()
    this.#throwBefore(fault, request)
    const body = this.#answer(request, fault)
    await this.#options.delay?.()
    if (fault === 'lost') throw transient('store_unreachable')
    return { status: 200, body: body as Body }
  }

  async close(): Promise<void> {}

  #throwBefore(fault: Fault, { path, lines }: Request): void {
    if (fault === 'busy') throw transient('store_busy')
    if (fault === 'away') throw transient('store_unreachable')
    if (path !== '/_bulk' || operationsOf(lines ?? '').length < 2) return
    if (fault === 'too_large') throw refusal(413)
    if (fault === 'malformed') throw refusal(400)
  }

  #answer({ path, lines, body }: Request, fault: Fault): unknown {
    if (path === '/_mget') return this.#mget(body as { readonly docs: readonly ActionMeta[] })
    if (path !== '/_bulk') return {}
    const items = operationsOf(lines ?? '').map(({ action, meta, source }, at) => {
      const given = this.#options.item?.({ action, index: meta._index, id: meta._id }) ?? null
      const isBusy = fault === 'items' && at % 2 === 0
      return { [action]: given ?? (isBusy ? FULL : this.#apply(action, meta, source)) }
    })
    return { items }
  }

  #mget({ docs }: { readonly docs: readonly ActionMeta[] }): unknown {
    return {
      docs: docs.map(({ _index, _id }) => {
        const documents = this.#indices.get(_index)
        if (documents === undefined) return { _index, _id, error: { type: 'index_not_found_exception', reason: 'no' } }
        const stored = documents.get(_id)
        if (stored === undefined) return { _index, _id, found: false }
        return { _index, _id, found: true, _seq_no: stored.seqNo, _primary_term: 1, _source: stored.source }
      }),
    }
  }

  #apply(action: string, meta: ActionMeta, source: Readonly<Record<string, unknown>> | null): ItemAnswer {
    const documents = this.#indices.get(meta._index) ?? new Map<string, StoredDocument>()
    const stored = documents.get(meta._id)
    if (action === 'create' && stored !== undefined) return CONFLICT
    if (action === 'update' && stored === undefined) return MISSING
    if (meta.if_seq_no !== undefined && meta.if_seq_no !== stored?.seqNo) return CONFLICT
    if (meta.version !== undefined && meta.version <= (stored?.version ?? 0)) return CONFLICT
    if (action === 'delete') {
      if (stored === undefined) return { status: 404 }
      documents.delete(meta._id)
      this.#seqNo++
      return { status: 200 }
    }
    const next = action === 'update' ? merged(stored?.source, source?.doc) : source
    this.#indices.set(meta._index, documents)
    documents.set(meta._id, {
      source: next as StoredDocument['source'],
      version: meta.version ?? 1,
      seqNo: this.#seqNo++,
    })
    return { status: stored === undefined ? 201 : 200 }
  }
}

const FULL = { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'queue is full' } }
const CONFLICT = { status: 409, error: { type: 'version_conflict_engine_exception', reason: 'conflict' } }
const MISSING = { status: 404, error: { type: 'document_missing_exception', reason: 'missing' } }

/** A partial update: objects are merged, all else is replaced. */
function merged(stored: unknown, change: unknown): unknown {
  if (!isObject(stored) || !isObject(change)) return change
  const result: Record<string, unknown> = { ...stored }
  for (const [key, value] of Object.entries(change)) result[key] = merged(result[key], value)
  return result
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function operationsOf(lines: string) {
  const parsed = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const operations: { action: string; meta: ActionMeta; source: Readonly<Record<string, unknown>> | null }[] = []
  for (let at = 0; at < parsed.length; at++) {
    const [action, meta] = Object.entries(parsed[at] as Readonly<Record<string, ActionMeta>>)[0]
    operations.push({ action, meta, source: action === 'delete' ? null : parsed[++at] })
  }
  return operations
}

function transient(code: 'store_busy' | 'store_unreachable'): TransientError {
  return new TransientError(`in-memory: ${code}`, { code, hint: 'a fault of the test' })
}

function refusal(statusCode: number): PermanentError {
  const meta = { name: '', context: null, request: {} as never, connection: null, attempts: 0, aborted: false }
  const cause = new errors.ResponseError({ statusCode, body: {}, headers: {}, warnings: null, meta: meta as never })
  return new PermanentError(`in-memory: ${statusCode}`, {
    code: 'store_incompatible',
    hint: 'a fault of the test',
    cause,
  })
}
