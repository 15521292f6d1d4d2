import { TransientError } from '../../errors.js'
import type { FailureDocument } from '../../records.js'
import type { MergeFailures } from '../collapse.js'
import type { Operation, ReadAt } from './bulk.js'
import type { Elasticsearch } from './connection.js'
import { indexOf } from './documents.js'
import { isSameJson } from './same-json.js'

/** A failure as it is stored, and the state in which it was read. */
export interface Copy extends ReadAt {
  readonly index: string
  readonly document: FailureDocument
}

/** A failure that is to be merged with what is stored of it. */
export interface Sighting {
  readonly id: string
  readonly document: FailureDocument
  /** Where parts of it may lie, its own index among them. */
  readonly indices: readonly string[]
}

/** What is to be written so that one document holds all that is known. Null and none where that is so already. */
export interface Union {
  readonly merged: FailureDocument
  readonly write: Operation | null
  /** After the write, so that at no time less is stored than is known. */
  readonly removals: readonly Operation[]
}

/**
 * Merges a sighting with all copies that are stored of it. The result lives in the index of its own event day; copies
 * elsewhere go. Each operation depends on the state that was read: whoever writes in between makes it fail, and the
 * caller reads again. So no half is lost, in whichever order and however many writers come.
 */
export function planUnion(
  prefix: string,
  { id, document }: Sighting,
  copies: readonly Copy[],
  mergeFailures: MergeFailures,
): Union {
  // A merge with what is the same changes nothing, and in a replay nearly all are the same.
  const merged = copies.reduce(
    (sum, copy) => (isSameJson(sum, copy.document) ? sum : mergeFailures(sum, copy.document)),
    document,
  )
  const index = indexOf(prefix, { kind: 'failure', document: merged })
  const home = copies.find((copy) => copy.index === index)
  return {
    merged,
    write: writeOf({ id, index, merged, home }),
    removals: copies
      .filter((copy) => copy !== home)
      .map(({ index: away, ...readAt }): Operation => ({ action: 'delete', index: away, id, readAt: stateOf(readAt) })),
  }
}

function writeOf({
  id,
  index,
  merged,
  home,
}: {
  readonly id: string
  readonly index: string
  readonly merged: FailureDocument
  readonly home: Copy | undefined
}): Operation | null {
  if (home === undefined) return { action: 'create', index, id, json: JSON.stringify(merged) }
  if (isSameJson(merged, home.document)) return null
  // A partial update: what others have added to the document stays.
  return { action: 'update', index, id, json: JSON.stringify(merged), readAt: stateOf(home) }
}

function stateOf({ seqNo, primaryTerm }: ReadAt): ReadAt {
  return { seqNo, primaryTerm }
}

/** Reads all copies of these failures, as they are now, searchable or not. Throws what `Elasticsearch.request` throws. */
export async function readCopies(
  elasticsearch: Elasticsearch,
  sightings: readonly Sighting[],
): Promise<ReadonlyMap<string, readonly Copy[]>> {
  const copies = new Map<string, Copy[]>()
  for (const got of await getAll(elasticsearch, sightings, { realtime: true })) {
    const copy = { index: got._index, document: got._source, seqNo: got._seq_no, primaryTerm: got._primary_term }
    copies.set(got._id, [...(copies.get(got._id) ?? []), copy])
  }
  return copies
}

/** The ids of which one of these indices holds something now. Throws what `Elasticsearch.request` throws. */
export async function readPresent(
  elasticsearch: Elasticsearch,
  places: readonly Pick<Sighting, 'id' | 'indices'>[],
): Promise<ReadonlySet<string>> {
  const got = await getAll(elasticsearch, places, { realtime: true, _source: false })
  return new Set(got.map(({ _id }) => _id))
}

/** What is there of these ids in these indices. */
async function getAll(
  elasticsearch: Elasticsearch,
  places: readonly Pick<Sighting, 'id' | 'indices'>[],
  query: Readonly<Record<string, boolean>>,
): Promise<readonly Got[]> {
  const docs = places.flatMap(({ id, indices }) => indices.map((index) => ({ _index: index, _id: id })))
  const { body } = await elasticsearch.request<{ readonly docs: readonly Got[] }>({
    method: 'POST',
    path: '/_mget',
    query,
    body: { docs },
  })
  for (const got of body.docs) {
    if (got.error !== undefined && got.error.type !== 'index_not_found_exception') throw unreadable(elasticsearch, got)
  }
  return body.docs.filter(({ found }) => found === true)
}

interface Got {
  readonly _index: string
  readonly _id: string
  readonly found?: boolean
  readonly _seq_no: number
  readonly _primary_term: number
  readonly _source: FailureDocument
  readonly error?: { readonly type: string; readonly reason: string }
}

function unreadable({ name }: Elasticsearch, { _index, error }: Got): TransientError {
  return new TransientError(`cannot read from ${_index}: ${name} (${error?.type}: ${error?.reason})`.slice(0, 400), {
    code: 'store_unreachable',
    hint: 'look at the health of the index: it may be starting, closed, or without its shards',
  })
}
