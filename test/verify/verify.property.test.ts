import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { IndexDocument } from '../../src/records.js'
import type { StoredDocument } from '../../src/sinks/stored.js'
import type { DifferenceKind } from '../../src/verify/difference.js'
import { verify } from '../../src/verify/verify.js'
import { failure, mergeFailures, T0, traffic } from '../support/documents.js'
import { MemoryStore, stored } from './memory-store.js'

const SCOPE = {
  range: { minMs: T0, maxMs: T0 + 600_000 },
  gateways: new Set(['gateway-1']),
  partitions: new Set(['p1']),
  paths: new Set<string>(),
}

type Fate = 'kept' | DifferenceKind | 'foreign'

const FATES: readonly Fate[] = ['kept', 'missing', 'different', 'duplicate', 'only_in_store', 'foreign']

interface Case {
  readonly id: string
  readonly kind: 'failure' | 'traffic'
  readonly fate: Fate
  readonly atMs: number
  /** The input tells it in its parts, and some of them twice. */
  readonly inParts: boolean
}

const cases: fc.Arbitrary<readonly Case[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('failure', 'traffic'),
      fate: fc.constantFrom(...FATES),
      atMs: fc.nat({ max: 599_000 }),
      inParts: fc.boolean(),
    }),
    { maxLength: 30 },
  )
  .map((each) => each.map((one, index) => ({ ...one, id: `id-${index}` })))

const timeOf = ({ kind, atMs }: Case): number => T0 + (kind === 'failure' ? atMs : Math.floor(atMs / 60_000) * 60_000)

function whole(
  one: Case,
  changed: { readonly proxy?: string; readonly gateway?: string; readonly partition?: string } = {},
) {
  const sketch = { id: one.id, timeMs: timeOf(one), ...changed }
  return one.kind === 'failure' ? failure(sketch) : traffic(sketch)
}

function inputOf(one: Case): readonly IndexDocument[] {
  if (one.fate === 'only_in_store' || one.fate === 'foreign') return []
  if (!one.inParts) return [whole(one)]
  const sketch = { id: one.id, timeMs: timeOf(one) }
  const parts: readonly IndexDocument[] =
    one.kind === 'failure'
      ? [failure({ ...sketch, halves: 'client' }), failure({ ...sketch, halves: 'target' })]
      : [traffic({ ...sketch, requests: 3, responses: 1 }), traffic(sketch)]
  return [...parts, parts[0]]
}

function storedOf(one: Case): readonly StoredDocument[] {
  switch (one.fate) {
    case 'missing':
      return []
    case 'different':
      return [stored(whole(one, { proxy: 'changed' }))]
    case 'duplicate':
      return [stored(whole(one)), stored(whole(one), 'day-2')]
    case 'foreign':
      return [stored(whole(one, { gateway: 'another', partition: 'another' }))]
    default:
      return [stored(whole(one))]
  }
}

test('exactly what is wrong with a store is told, whatever the order of the input and of the store', async () => {
  const shuffled = cases.chain((all) =>
    fc.record({
      all: fc.constant(all),
      input: shuffle(all.flatMap(inputOf)),
      documents: shuffle(all.flatMap(storedOf)),
    }),
  )
  await fc.assert(
    fc.asyncProperty(shuffled, async ({ all, input, documents }) => {
      const { stores } = await verify({
        readInput: async (onDocuments) => {
          for (const document of input) onDocuments([document])
          return SCOPE
        },
        stores: [new MemoryStore(documents)],
        mergeFailures,
        maxDescribed: 5,
        signal: new AbortController().signal,
      })
      const told = stores[0].differences.map(({ difference, kind, id }) => `${difference} ${kind} ${id}`)
      const wrong = all.filter(({ fate }) => fate !== 'kept' && fate !== 'foreign')
      expect(told.toSorted()).toEqual(wrong.map(({ fate, kind, id }) => `${fate} ${kind} ${id}`).toSorted())
      expect(stores[0].described.map(({ id }) => id)).toEqual(stores[0].differences.slice(0, 5).map(({ id }) => id))
    }),
  )
})

function shuffle<Value>(values: readonly Value[]): fc.Arbitrary<readonly Value[]> {
  return fc.shuffledSubarray([...values], { minLength: values.length })
}
