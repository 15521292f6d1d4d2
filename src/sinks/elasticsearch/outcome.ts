import type { ItemResult } from './bulk.js'

/**
 * What an item's result asks us to do. `stored`: nothing; `exists`: something else is there already, or a higher version;
 * `missing`: the document, or its index, is not there; `busy`: again later, because the server has no room now or somebody must lift a
 * block first; `refused`: never again, this document will not be taken; `denied`: we may not write there at all.
 */
export type Outcome = 'stored' | 'exists' | 'missing' | 'busy' | 'refused' | 'denied'

export function outcomeOf({ status, error }: ItemResult): Outcome {
  const type = error?.type ?? ''
  if (status < 300) return 'stored'
  if (status === 409) return 'exists'
  if (status === 429 || status >= 500 || AFTER_SOMEBODY_ACTED.has(type)) return 'busy'
  if (status === 401 || status === 403) return 'denied'
  if (status === 404) return 'missing'
  return 'refused'
}

/**
 * Answers with 4xx that are no fault of the document: a block on the index (read-only, flood stage; 403 or 429), an
 * index that was closed, a cluster that has all the shards that it may have.
 */
const AFTER_SOMEBODY_ACTED = new Set(['cluster_block_exception', 'index_closed_exception', 'validation_exception'])

/** Of a `missing` index: Elasticsearch makes one at its first document, unless it was told not to. */
export function mayNotBeMade({ error }: ItemResult): boolean {
  return /auto_create_index/.test(error?.reason ?? '')
}
