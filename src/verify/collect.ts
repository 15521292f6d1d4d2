import type { FailureDocument, IndexDocument, TrafficDocument } from '../records.js'
import type { DocumentKind } from '../sinks/stored.js'

/** How a store makes one of two failures with one id. */
export type MergeFailures = (one: FailureDocument, other: FailureDocument) => FailureDocument

/** Documents of some ids, those of one id made one as stores do it. */
export class Collected {
  readonly #wanted: (kind: DocumentKind, id: string) => boolean
  readonly #mergeFailures: MergeFailures
  readonly #documents: Readonly<Record<DocumentKind, Map<string, IndexDocument>>> = {
    failure: new Map(),
    traffic: new Map(),
  }

  constructor(wanted: (kind: DocumentKind, id: string) => boolean, mergeFailures: MergeFailures) {
    this.#wanted = wanted
    this.#mergeFailures = mergeFailures
  }

  add(documents: readonly IndexDocument[]): void {
    for (const incoming of documents) {
      const { kind, id } = incoming
      if (!this.#wanted(kind, id)) continue
      const earlier = this.#documents[kind].get(id)
      this.#documents[kind].set(id, earlier === undefined ? incoming : this.#merged(earlier, incoming))
    }
  }

  get(kind: DocumentKind, id: string): IndexDocument['document'] | undefined {
    return this.#documents[kind].get(id)?.document
  }

  *[Symbol.iterator](): Iterator<IndexDocument> {
    for (const documents of Object.values(this.#documents)) yield* documents.values()
  }

  #merged(earlier: IndexDocument, incoming: IndexDocument): IndexDocument {
    if (earlier.kind === 'failure' && incoming.kind === 'failure') {
      return { ...earlier, document: this.#mergeFailures(earlier.document, incoming.document) }
    }
    if (earlier.kind === 'traffic' && incoming.kind === 'traffic') {
      return { ...earlier, document: fullerTraffic(earlier.document, incoming.document) }
    }
    return incoming
  }
}

/** Counts of a minute only grow: of two documents with one id the one with more requests and responses stays. */
function fullerTraffic(one: TrafficDocument, other: TrafficDocument): TrafficDocument {
  return countOf(other) > countOf(one) ? other : one
}

function countOf({ edgemicro }: TrafficDocument): number {
  return edgemicro.requests + edgemicro.responses
}
