import type { Elasticsearch } from './connection.js'

/** A document as a search gives it; the numbers of its state where they were asked for. */
export interface Hit<Source> {
  readonly _id: string
  readonly _index: string
  readonly _seq_no?: number
  readonly _primary_term?: number
  readonly _source: Source
  readonly sort: readonly unknown[]
}

/** A view of indices that does not change, so that what is written meanwhile makes no document come twice or never. */
export class PointInTime {
  private constructor(
    private readonly elasticsearch: Pick<Elasticsearch, 'request'>,
    private id: string,
  ) {}

  /** Of what is searchable now; indices that are not there are empty. Whoever opens it closes it. */
  static async open(elasticsearch: Pick<Elasticsearch, 'request'>, indices: string): Promise<PointInTime> {
    const { body } = await elasticsearch.request<{ readonly id: string }>({
      method: 'POST',
      path: `/${indices}/_pit`,
      query: { ...ABSENT_IS_EMPTY, keep_alive: KEEP_ALIVE },
    })
    return new PointInTime(elasticsearch, body.id)
  }

  /** What a search finds, page by page, in no order of its own. */
  async *read<Source>(search: {
    readonly query: object
    readonly [option: string]: unknown
  }): AsyncGenerator<readonly Hit<Source>[]> {
    let after: readonly unknown[] | undefined
    for (;;) {
      const { body } = await this.elasticsearch.request<SearchAnswer<Source>>({
        method: 'POST',
        path: '/_search',
        // Without a shard, documents would seem to be missing.
        query: { allow_partial_search_results: false },
        body: {
          ...search,
          size: PAGE_DOCUMENTS,
          pit: { id: this.id, keep_alive: KEEP_ALIVE },
          sort: [{ _shard_doc: 'asc' }],
          track_total_hits: false,
          ...(after !== undefined && { search_after: after }),
        },
      })
      this.id = body.pit_id ?? this.id
      const { hits } = body.hits
      if (hits.length > 0) yield hits
      if (hits.length < PAGE_DOCUMENTS) return
      after = hits.at(-1)?.sort
    }
  }

  /** One that cannot be closed ends by itself: no reason to lose an answer, or to hide the error that came before. */
  async close(): Promise<void> {
    await this.elasticsearch
      .request({ method: 'DELETE', path: '/_pit', body: { id: this.id }, answers: [404] })
      .catch(() => undefined)
  }
}

interface SearchAnswer<Source> {
  readonly pit_id?: string
  readonly hits: { readonly hits: readonly Hit<Source>[] }
}

const PAGE_DOCUMENTS = 1_000
const KEEP_ALIVE = '5m'
export const ABSENT_IS_EMPTY = { ignore_unavailable: true, allow_no_indices: true }
