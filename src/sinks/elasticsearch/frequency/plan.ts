import { isDeepStrictEqual } from 'node:util'
import type { FrequencyDocument } from './documents.js'

/** A stored document, and what a write must know to replace exactly this state of it. */
export interface StoredFrequency extends Place, Version {
  readonly document: FrequencyDocument
}

export interface Place {
  readonly index: string
  readonly id: string
}

export interface Version {
  readonly seqNo: number
  readonly primaryTerm: number
}

/** Each is refused by the server where the document has changed since it was read. */
export type FrequencyWrite = Place & { readonly minuteMs: number } & (
    | { readonly kind: 'create'; readonly document: FrequencyDocument }
    | ({ readonly kind: 'replace'; readonly document: FrequencyDocument } & Version)
    | ({ readonly kind: 'delete' } & Version)
  )

export interface PlanOptions {
  readonly prefix: string
  /** Minutes whose documents are written though they are as they should be. */
  readonly rewrite?: ReadonlySet<number>
}

/**
 * What makes `stored`, all documents of some minutes, into `wanted`, all that those minutes should have: what is missing
 * is made, what differs is replaced, what nobody counts any longer is deleted, what is right stays untouched.
 */
export function planWrites(
  wanted: readonly FrequencyDocument[],
  stored: readonly StoredFrequency[],
  { prefix, rewrite = new Set() }: PlanOptions,
): readonly FrequencyWrite[] {
  const rest = new Map(stored.map((each) => [keyOf(each), each]))
  const writes: FrequencyWrite[] = []
  for (const document of wanted) {
    const minuteMs = minuteOf(document)
    const place = { index: `${prefix}-frequency-${monthOf(document)}`, id: document.event.id }
    const present = rest.get(keyOf(place))
    rest.delete(keyOf(place))
    if (present === undefined) writes.push({ kind: 'create', ...place, minuteMs, document })
    else if (rewrite.has(minuteMs) || !isDeepStrictEqual(present.document, document)) {
      writes.push({ kind: 'replace', ...place, ...versionOf(present), minuteMs, document })
    }
  }
  for (const { index, id, document, ...version } of rest.values()) {
    writes.push({ kind: 'delete', index, id, ...version, minuteMs: minuteOf(document) })
  }
  return writes
}

function keyOf({ index, id }: Place): string {
  return `${index}/${id}`
}

function versionOf({ seqNo, primaryTerm }: StoredFrequency): Version {
  return { seqNo, primaryTerm }
}

function minuteOf(document: FrequencyDocument): number {
  return Date.parse(document['@timestamp'])
}

/** `YYYY.MM` of the minute, in UTC. */
function monthOf(document: FrequencyDocument): string {
  return document['@timestamp'].slice(0, 7).replace('-', '.')
}
