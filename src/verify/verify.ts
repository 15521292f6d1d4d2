import type { IndexDocument } from '../records.js'
import type { DocumentKind, StoredDocuments, TimeRange } from '../sinks/stored.js'
import { Collected, type MergeFailures } from './collect.js'
import { compareStore } from './compare.js'
import { describe } from './describe.js'
import type { DescribedDifference, Difference } from './difference.js'
import { Expected } from './expected.js'
import { type Scope, timesOf } from './scope.js'

export interface VerifyOptions {
  /** Reads all of the input; is called again where documents are needed once more. */
  readonly readInput: (onDocuments: (documents: readonly IndexDocument[]) => void) => Promise<Scope>
  readonly stores: readonly StoredDocuments[]
  readonly mergeFailures: MergeFailures
  /** A document without what others decide; all of it where not said. */
  readonly comparable?: (document: unknown) => unknown
  /**
   * Of a store, and of the range of the input's times: gives a document what the others in the store decide; the same object
   * where it has that. A store may hold others than this input's.
   */
  readonly settledIn?: (stored: StoredDocuments, times: TimeRange) => Promise<(document: unknown) => unknown>
  /** Differences of each store to describe; the others are counted alone. */
  readonly maxDescribed: number
  readonly signal: AbortSignal
  /** Told how many characters of documents were compared, part by part. */
  readonly onCompared?: (characters: number) => void
}

export interface Verification {
  readonly range: Scope['range']
  /** Documents that each store must hold. */
  readonly expected: Readonly<Record<DocumentKind, number>>
  readonly stores: readonly StoreVerdict[]
}

export interface StoreVerdict {
  readonly name: string
  /** Documents of the input that the store holds, right or wrong. */
  readonly found: Readonly<Record<DocumentKind, number>>
  /** All of them; none where the store holds what it must. */
  readonly differences: readonly Difference[]
  /** The first of them. */
  readonly described: readonly DescribedDifference[]
}

/**
 * Compares stores with what one pass over the input gives. Holds a digest for each document, so the input is read once
 * more where it has several documents of one id, and once more where there are differences to describe.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { readInput, stores, mergeFailures, maxDescribed } = options
  const { comparable = AS_IT_IS, settledIn = async () => AS_IT_IS } = options
  const expected = new Expected(comparable)
  const scope = await readInput((documents) => expected.add(documents))
  const collect = async (isWanted: (kind: DocumentKind, id: string) => boolean): Promise<Collected> => {
    const collected = new Collected(isWanted, mergeFailures)
    await readInput((documents) => collected.add(documents))
    return collected
  }
  if (expected.hasRepeated) expected.settle(await collect((kind, id) => expected.isRepeated(kind, id)))

  const compared = []
  const times = timesOf(scope)
  for (const stored of stores) {
    const settled = times === null ? AS_IT_IS : await settledIn(stored, times)
    const comparison = await compareStore({ ...options, comparable, settled, expected, scope, stored })
    compared.push({ stored, settled, ...comparison })
  }

  const shown = compared.map(({ differences }) => differences.slice(0, maxDescribed))
  const wanted = wantedOf(shown.flat())
  const ours = wanted.size > 0 ? await collect((kind, id) => wanted.has(`${kind} ${id}`)) : null
  const verdicts: StoreVerdict[] = []
  for (const [index, { stored, settled, found, differences }] of compared.entries()) {
    const described = await describe(shown[index], { ours, settled, stored, signal: options.signal })
    verdicts.push({ name: stored.name, found, differences, described })
  }
  return {
    range: scope.range,
    expected: { failure: expected.size('failure'), traffic: expected.size('traffic') },
    stores: verdicts,
  }
}

const AS_IT_IS = (document: unknown): unknown => document

/** What the input can say something of. */
function wantedOf(differences: readonly Difference[]): ReadonlySet<string> {
  const known = differences.filter(({ difference }) => difference !== 'only_in_store')
  return new Set(known.map(({ kind, id }) => `${kind} ${id}`))
}
