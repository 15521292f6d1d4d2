import type { DocumentKind, StoredDocument, StoredDocuments } from '../stored.js'
import type { Elasticsearch } from './connection.js'
import { documentId } from './documents.js'

/**
 * The documents of the indices `<prefix>-failures*` and `<prefix>-traffic*`; indices that are not there are empty. What
 * was written before the first reading is found. Closing closes the connection.
 */
export function storedInElasticsearch(connection: Elasticsearch, prefix: string): StoredDocuments {
  return new ElasticsearchDocuments(connection, prefix)
}

class ElasticsearchDocuments implements StoredDocuments {
  readonly name: string
  readonly #refreshed = new Set<DocumentKind>()

  constructor(
    private readonly connection: Elasticsearch,
    private readonly prefix: string,
  ) {
    this.name = `elasticsearch ${connection.name} ${prefix}`
  }

  keyOf(id: string): string {
    return documentId(id)
  }

  async *within({ sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number }) {
    const query = { range: { '@timestamp': { gte: sinceMs, lte: untilMs, format: 'epoch_millis' } } }
    for (const kind of ['failure', 'traffic'] as const) yield* this.#search(kind, query)
  }

  under(kind: DocumentKind, keys: readonly string[]): AsyncIterable<readonly StoredDocument[]> {
    return this.#search(kind, { ids: { values: keys } })
  }

  close(): Promise<void> {
    return this.connection.close()
  }

  /** Page by page over a point in time, so that what is written meanwhile makes no document come twice or never. */
  async *#search(kind: DocumentKind, query: object): AsyncGenerator<readonly StoredDocument[]> {
    const indices = `${this.prefix}-${INDEX[kind]}*`
    await this.#refresh(kind, indices)
    let pit = await this.#openPointInTime(indices)
    let after: readonly unknown[] | undefined
    try {
      for (;;) {
        const { body } = await this.connection.request<SearchAnswer>({
          method: 'POST',
          path: '/_search',
          // Without a shard, documents would seem to be missing.
          query: { allow_partial_search_results: false },
          body: {
            size: PAGE_DOCUMENTS,
            pit: { id: pit, keep_alive: KEEP_ALIVE },
            query,
            sort: [{ _shard_doc: 'asc' }],
            track_total_hits: false,
            ...(after !== undefined && { search_after: after }),
          },
        })
        pit = body.pit_id ?? pit
        const { hits } = body.hits
        if (hits.length > 0) yield hits.map((hit) => storedDocument(kind, hit))
        if (hits.length < PAGE_DOCUMENTS) return
        after = hits.at(-1)?.sort
      }
    } finally {
      await this.#closePointInTime(pit)
    }
  }

  async #refresh(kind: DocumentKind, indices: string): Promise<void> {
    if (this.#refreshed.has(kind)) return
    await this.connection.request({ method: 'POST', path: `/${encodeURIComponent(indices)}/_refresh`, query: ABSENT })
    this.#refreshed.add(kind)
  }

  async #openPointInTime(indices: string): Promise<string> {
    const { body } = await this.connection.request<{ readonly id: string }>({
      method: 'POST',
      path: `/${encodeURIComponent(indices)}/_pit`,
      query: { ...ABSENT, keep_alive: KEEP_ALIVE },
    })
    return body.id
  }

  /** One that cannot be closed ends by itself: no reason to lose an answer, or to hide the error that came before. */
  async #closePointInTime(id: string): Promise<void> {
    await this.connection
      .request({ method: 'DELETE', path: '/_pit', body: { id }, answers: [404] })
      .catch(() => undefined)
  }
}

interface SearchAnswer {
  readonly pit_id?: string
  readonly hits: { readonly hits: readonly Hit[] }
}

interface Hit {
  readonly _id: string
  readonly _index: string
  readonly _source?: unknown
  readonly sort: readonly unknown[]
}

function storedDocument(kind: DocumentKind, { _id, _index, _source }: Hit): StoredDocument {
  return { kind, key: _id, place: _index, document: _source }
}

const INDEX: Readonly<Record<DocumentKind, string>> = { failure: 'failures', traffic: 'traffic' }
const PAGE_DOCUMENTS = 1_000
const KEEP_ALIVE = '5m'
const ABSENT = { ignore_unavailable: true, allow_no_indices: true }
