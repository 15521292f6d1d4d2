import type { DocumentKind, StoredDocument, StoredDocuments } from '../sinks/stored.js'
import type { Collected } from './collect.js'
import { batches, KINDS } from './compare.js'
import { type DescribedDifference, type Difference, differingFields } from './difference.js'
import { textAt } from './scope.js'

export interface Sides {
  /** Null where the input has none of these documents. */
  readonly ours: Collected | null
  /** See `CompareOptions.settled`. */
  readonly settled: (document: unknown) => unknown
  readonly stored: StoredDocuments
  readonly signal: AbortSignal
}

/** Differences with what both sides say, in the order given. */
export async function describe(
  differences: readonly Difference[],
  { ours, settled, stored, signal }: Sides,
): Promise<readonly DescribedDifference[]> {
  const theirs = await fetch(differences, stored, signal)
  return differences.map((difference) => {
    const { kind, id } = difference
    const input = settled(ours?.get(kind, id))
    const copies = theirs[kind].get(stored.keyOf(id)) ?? []
    const known = input ?? copies[0]?.document
    return {
      ...difference,
      timestamp: textAt(known, '@timestamp'),
      origin: textAt(known, 'edgemicro', kind === 'failure' ? 'gateway' : 'partition'),
      places: copies.map(({ place }) => place).sort(),
      fields: fieldsOf(difference, input, copies),
    }
  })
}

function fieldsOf(
  { difference }: Difference,
  input: unknown,
  copies: readonly StoredDocument[],
): DescribedDifference['fields'] {
  const isTwoSided = difference === 'different' && input !== undefined && copies.length > 0
  return isTwoSided ? differingFields(input, copies[0].document) : []
}

type ByKey = Map<string, StoredDocument[]>

/** A missing one is looked for too: it may have come meanwhile, which is told by its place. */
async function fetch(
  differences: readonly Difference[],
  stored: StoredDocuments,
  signal: AbortSignal,
): Promise<Readonly<Record<DocumentKind, ByKey>>> {
  const found: Record<DocumentKind, ByKey> = { failure: new Map(), traffic: new Map() }
  for (const kind of KINDS) {
    const keys = differences.filter((each) => each.kind === kind).map(({ id }) => stored.keyOf(id))
    for (const batch of batches(keys)) {
      for await (const documents of stored.under(kind, batch)) {
        signal.throwIfAborted()
        for (const document of documents) {
          const copies = found[kind].get(document.key)
          if (copies === undefined) found[kind].set(document.key, [document])
          else copies.push(document)
        }
      }
    }
  }
  return found
}
