import type { DocumentKind, StoredDocument, StoredDocuments, TimeRange } from '../stored.js'
import type { Elasticsearch } from './connection.js'
import { documentId } from './documents.js'
import { ABSENT_IS_EMPTY, PointInTime } from './point-in-time.js'

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

  within(kind: DocumentKind, { sinceMs, untilMs }: TimeRange): AsyncIterable<readonly StoredDocument[]> {
    return this.#search(kind, { range: { '@timestamp': { gte: sinceMs, lte: untilMs, format: 'epoch_millis' } } })
  }

  under(kind: DocumentKind, keys: readonly string[]): AsyncIterable<readonly StoredDocument[]> {
    return this.#search(kind, { ids: { values: keys } })
  }

  close(): Promise<void> {
    return this.connection.close()
  }

  async *#search(kind: DocumentKind, query: object): AsyncGenerator<readonly StoredDocument[]> {
    const indices = encodeURIComponent(`${this.prefix}-${INDEX[kind]}*`)
    await this.#refresh(kind, indices)
    const pit = await PointInTime.open(this.connection, indices)
    try {
      for await (const hits of pit.read({ query })) {
        yield hits.map(({ _id, _index, _source }) => ({ kind, key: _id, place: _index, document: _source }))
      }
    } finally {
      await pit.close()
    }
  }

  async #refresh(kind: DocumentKind, indices: string): Promise<void> {
    if (this.#refreshed.has(kind)) return
    await this.connection.request({ method: 'POST', path: `/${indices}/_refresh`, query: ABSENT_IS_EMPTY })
    this.#refreshed.add(kind)
  }
}

const INDEX: Readonly<Record<DocumentKind, string>> = { failure: 'failures', traffic: 'traffic' }
