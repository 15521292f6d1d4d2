import type { IndexDocument } from '../../src/records.js'
import type { DocumentKind, StoredDocument, StoredDocuments, TimeRange } from '../../src/sinks/stored.js'

/** A store in memory; `keyOf` as odd as a test wants it. */
export class MemoryStore implements StoredDocuments {
  readonly name = 'memory'

  constructor(
    readonly documents: readonly StoredDocument[],
    readonly keyOf: (id: string) => string = (id) => id,
  ) {}

  async *within(kind: DocumentKind, { sinceMs, untilMs }: TimeRange) {
    const isWithin = ({ document }: StoredDocument): boolean => {
      const timeMs = Date.parse((document as IndexDocument['document'])['@timestamp'])
      return timeMs >= sinceMs && timeMs <= untilMs
    }
    for (const document of this.documents) if (document.kind === kind && isWithin(document)) yield [document]
  }

  async *under(kind: DocumentKind, keys: readonly string[]) {
    yield this.documents.filter((document) => document.kind === kind && keys.includes(document.key))
  }

  async close(): Promise<void> {}
}

/** As a store would hold it. */
export function stored({ kind, id, document }: IndexDocument, place = 'day-1'): StoredDocument {
  return { kind, key: id, place, document }
}
