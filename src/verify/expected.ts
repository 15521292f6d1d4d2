import type { IndexDocument } from '../records.js'
import type { DocumentKind } from '../sinks/stored.js'
import { canonicalText, digestOf } from './canonical.js'

/** What is known of one id while stores are compared. */
export interface Entry {
  readonly id: string
  digest: string
  /** How many documents the store at hand has shown under it. */
  seen: number
}

/** What the stores must hold: a digest for each document of the input, by its id. */
export class Expected {
  readonly #entries: Readonly<Record<DocumentKind, Map<string, Entry>>> = { failure: new Map(), traffic: new Map() }
  readonly #repeated: Readonly<Record<DocumentKind, Set<string>>> = { failure: new Set(), traffic: new Set() }

  constructor(private readonly comparable: (document: unknown) => unknown) {}

  add(documents: readonly IndexDocument[]): void {
    for (const { kind, id, document } of documents) {
      const digest = digestOf(canonicalText(this.comparable(document)))
      const entry = this.#entries[kind].get(id)
      if (entry === undefined) this.#entries[kind].set(id, { id, digest, seen: 0 })
      else if (entry.digest !== digest) this.#repeated[kind].add(id)
    }
  }

  /** True where the input has several documents with this id: they must be collected, and settled as one. */
  isRepeated(kind: DocumentKind, id: string): boolean {
    return this.#repeated[kind].has(id)
  }

  get hasRepeated(): boolean {
    return this.#repeated.failure.size + this.#repeated.traffic.size > 0
  }

  /** What repeated documents come to together. */
  settle(merged: Iterable<IndexDocument>): void {
    for (const { kind, id, document } of merged) {
      const entry = this.#entries[kind].get(id)
      if (entry !== undefined) entry.digest = digestOf(canonicalText(this.comparable(document)))
    }
    for (const ids of Object.values(this.#repeated)) ids.clear()
  }

  size(kind: DocumentKind): number {
    return this.#entries[kind].size
  }

  get(kind: DocumentKind, id: string): Entry | undefined {
    return this.#entries[kind].get(id)
  }

  entries(kind: DocumentKind): IterableIterator<Entry> {
    return this.#entries[kind].values()
  }
}
