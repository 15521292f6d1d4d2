import type { IndexDocument } from '../records.js'

export type DocumentKind = IndexDocument['kind']

/** A document as a store holds it. Nobody vouches for its form: it may have been changed by hand. */
export interface StoredDocument {
  readonly kind: DocumentKind
  /** As the store knows it: see `StoredDocuments.keyOf`. */
  readonly key: string
  /** Table or index. */
  readonly place: string
  readonly document: unknown
}

/** Both ends belong to it. */
export interface TimeRange {
  readonly sinceMs: number
  readonly untilMs: number
}

/** What a store holds, for whoever compares. Reads only. Throws as the sink of that store does. */
export interface StoredDocuments {
  /** Kind and place, as people know them: `duckdb ./hangup.duckdb`. */
  readonly name: string
  /** Under what the store keeps the document with this id. */
  keyOf(id: string): string
  /**
   * Documents whose time lies in a range, in no order, part by part. A key comes once for each document that the store has
   * under it.
   */
  within(kind: DocumentKind, range: TimeRange): AsyncIterable<readonly StoredDocument[]>
  /** The documents under these keys, whatever their time. The caller gives a thousand at most. */
  under(kind: DocumentKind, keys: readonly string[]): AsyncIterable<readonly StoredDocument[]>
  close(): Promise<void>
}
