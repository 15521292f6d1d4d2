import type { DocumentKind, StoredDocument, StoredDocuments } from '../sinks/stored.js'
import { canonicalText, digestOf } from './canonical.js'
import type { Difference, DifferenceKind } from './difference.js'
import type { Expected } from './expected.js'
import { isInScope, type Scope, timesOf } from './scope.js'

export interface Compared {
  /** Failures before traffic, each by id. */
  readonly differences: readonly Difference[]
  /** Documents of the input that the store holds, right or wrong. */
  readonly found: Readonly<Record<DocumentKind, number>>
}

export interface CompareOptions {
  readonly expected: Expected
  readonly scope: Scope
  readonly stored: StoredDocuments
  readonly signal: AbortSignal
  /** A document without what others decide. */
  readonly comparable: (document: unknown) => unknown
  /** A document of the store with what others there decide; the same object where it is right. */
  readonly settled: (document: unknown) => unknown
  /** Told how many characters of documents were compared, part by part. */
  readonly onCompared?: (characters: number) => void
}

/**
 * Compares one store with what it must hold. First what lies in the input's time, then by id what was not found there:
 * its time may be wrong. A second document under an id is found where its time lies in the input's.
 */
export async function compareStore(options: CompareOptions): Promise<Compared> {
  const { expected, scope, stored, signal, onCompared } = options
  const comparison = new Comparison(expected, scope, stored, options)
  const see = async (parts: AsyncIterable<readonly StoredDocument[]>): Promise<void> => {
    for await (const documents of parts) {
      signal.throwIfAborted()
      let characters = 0
      for (const document of documents) characters += comparison.see(document)
      onCompared?.(characters)
    }
  }
  const times = timesOf(scope)
  if (times !== null) for (const kind of KINDS) await see(stored.within(kind, times))
  for (const kind of KINDS) {
    for (const keys of batches(comparison.unseen(kind))) {
      signal.throwIfAborted()
      await see(stored.under(kind, keys))
    }
  }
  return comparison.end()
}

export const KINDS = ['failure', 'traffic'] as const satisfies readonly DocumentKind[]

/** As many keys as `StoredDocuments.under` takes. */
export const MAX_KEYS = 1_000

class Comparison {
  readonly #differences: Readonly<Record<DocumentKind, Map<string, DifferenceKind>>> = {
    failure: new Map(),
    traffic: new Map(),
  }
  /** Where a store's key is not the id: key → id. */
  readonly #idOfKey: Readonly<Record<DocumentKind, Map<string, string>>> = { failure: new Map(), traffic: new Map() }

  constructor(
    private readonly expected: Expected,
    private readonly scope: Scope,
    private readonly stored: StoredDocuments,
    private readonly options: Pick<CompareOptions, 'comparable' | 'settled'>,
  ) {
    for (const kind of KINDS) {
      for (const entry of expected.entries(kind)) {
        entry.seen = 0
        const key = stored.keyOf(entry.id)
        if (key !== entry.id) this.#idOfKey[kind].set(key, entry.id)
      }
    }
  }

  /** How many characters were compared. */
  see(stored: StoredDocument): number {
    const { kind, key } = stored
    const entry = this.expected.get(kind, this.#idOfKey[kind].get(key) ?? key)
    if (entry === undefined) {
      if (isInScope(this.scope, stored)) this.#differences[kind].set(key, this.#kindOfForeign(kind, key))
      return 0
    }
    const { comparable, settled } = this.options
    const text = canonicalText(comparable(stored.document))
    const isSame = digestOf(text) === entry.digest && settled(stored.document) === stored.document
    entry.seen++
    if (entry.seen > 1) this.#differences[kind].set(entry.id, 'duplicate')
    else if (!isSame) this.#differences[kind].set(entry.id, 'different')
    return text.length
  }

  *unseen(kind: DocumentKind): Generator<string> {
    for (const { id, seen } of this.expected.entries(kind)) if (seen === 0) yield this.stored.keyOf(id)
  }

  end(): Compared {
    const found = { failure: 0, traffic: 0 }
    for (const kind of KINDS) {
      for (const { id, seen } of this.expected.entries(kind)) {
        if (seen > 0) found[kind]++
        else this.#differences[kind].set(id, 'missing')
      }
    }
    return { differences: KINDS.flatMap((kind) => this.#sorted(kind)), found }
  }

  #kindOfForeign(kind: DocumentKind, key: string): DifferenceKind {
    return this.#differences[kind].has(key) ? 'duplicate' : 'only_in_store'
  }

  #sorted(kind: DocumentKind): readonly Difference[] {
    return [...this.#differences[kind]]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([id, difference]) => ({ difference, kind, id }))
  }
}

export function* batches(keys: Iterable<string>): Generator<readonly string[]> {
  let batch: string[] = []
  for (const key of keys) {
    batch.push(key)
    if (batch.length < MAX_KEYS) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
