import { describe, expect, test } from '@jest/globals'
import { mergeFailureDocuments } from '../../src/pipeline/document.js'
import type { IndexDocument } from '../../src/records.js'
import type { StoredDocument } from '../../src/sinks/stored.js'
import type { Scope } from '../../src/verify/scope.js'
import { verify } from '../../src/verify/verify.js'
import { failure, mergeFailures, T0, traffic } from '../support/documents.js'
import { MemoryStore, stored } from './memory-store.js'

const SCOPE: Scope = {
  range: { minMs: T0 + 1_000, maxMs: T0 + 100_000 },
  gateways: new Set(['gateway-1']),
  partitions: new Set(['p1']),
  paths: new Set(['edgemicro-gateway-1-api.log']),
}

async function differencesOf(
  input: readonly IndexDocument[],
  documents: readonly StoredDocument[],
  { scope = SCOPE, keyOf }: { readonly scope?: Scope; readonly keyOf?: (id: string) => string } = {},
) {
  const { stores } = await verify({
    readInput: async (onDocuments) => {
      onDocuments(input)
      return scope
    },
    stores: [new MemoryStore(documents, keyOf)],
    mergeFailures,
    maxDescribed: 100,
    signal: new AbortController().signal,
  })
  return stores[0].described.map(({ difference, kind, id, ...rest }) => ({
    is: `${difference} ${kind} ${id}`,
    ...rest,
  }))
}

const a = failure({ id: 'a', timeMs: T0 + 2_000 })
const b = failure({ id: 'b', timeMs: T0 + 3_000 })
const minute = traffic({ id: 't', timeMs: T0 })

describe('verify', () => {
  test('finds stores the same whatever the order, traffic of the minute in which the input begins included', async () => {
    expect(
      await differencesOf(
        [a, b, minute],
        [minute, b, a].map((each) => stored(each)),
      ),
    ).toEqual([])
  })

  test('tells what is missing, with its time and gateway', async () => {
    expect(await differencesOf([a, b, minute], [stored(b)])).toEqual([
      { is: 'missing failure a', timestamp: '2021-06-23T03:52:02.000Z', origin: 'gateway-1', places: [], fields: [] },
      { is: 'missing traffic t', timestamp: '2021-06-23T03:52:00.000Z', origin: 'p1', places: [], fields: [] },
    ])
  })

  test('tells what differs, field by field', async () => {
    const changed = failure({ id: 'a', timeMs: T0 + 2_000, worker: '4', query: 'q=***' })
    expect(await differencesOf([a], [stored(changed)])).toMatchObject([
      {
        is: 'different failure a',
        places: ['day-1'],
        fields: [
          { field: 'edgemicro.worker', input: '3', store: '4' },
          { field: 'url.query', store: 'q=***' },
        ],
      },
    ])
  })

  test('finds a document whose time in the store is wrong, and calls it different, not missing', async () => {
    const moved = failure({ id: 'a', timeMs: T0 - 86_400_000 })
    const [difference] = await differencesOf([a], [stored(moved)])
    expect(difference.is).toBe('different failure a')
    expect(difference.fields.map(({ field }) => field)).toContain('@timestamp')
  })

  test('tells two documents under one id, also where one of them or both are right', async () => {
    const wrong = failure({ id: 'b', timeMs: T0 + 4_000 })
    const documents = [stored(a), stored(a, 'day-2'), stored(wrong), stored(b, 'day-2')]
    expect(await differencesOf([a, b], documents)).toMatchObject([
      { is: 'duplicate failure a', places: ['day-1', 'day-2'] },
      { is: 'duplicate failure b', places: ['day-1', 'day-2'] },
    ])
  })

  test('tells two documents under one id that the input does not have', async () => {
    expect(await differencesOf([a], [stored(a), stored(b), stored(b, 'day-2')])).toMatchObject([
      { is: 'duplicate failure b', places: ['day-1', 'day-2'] },
    ])
  })

  test('does not take traffic for a failure of the same id', async () => {
    const same = traffic({ id: 'a', timeMs: T0 })
    expect((await differencesOf([a, same], [stored(a)])).map(({ is }) => is)).toEqual(['missing traffic a'])
  })

  test.each([
    ['a failure of the first line', failure({ id: 'x', timeMs: T0 + 1_000 }), true],
    ['a failure of the last line', failure({ id: 'x', timeMs: T0 + 100_000 }), true],
    ['a failure before the first line', failure({ id: 'x', timeMs: T0 + 999 }), false],
    ['a failure behind the last line', failure({ id: 'x', timeMs: T0 + 100_001 }), false],
    ['a failure of another gateway', failure({ id: 'x', timeMs: T0 + 2_000, gateway: 'other' }), false],
    ['a failure without a gateway', failure({ id: 'x', timeMs: T0 + 2_000, gateway: null }), false],
    ['traffic of the first minute', traffic({ id: 'x', timeMs: T0 }), true],
    ['traffic of the last minute', traffic({ id: 'x', timeMs: T0 + 60_000 }), true],
    ['traffic of the minute after', traffic({ id: 'x', timeMs: T0 + 120_000 }), false],
    ['traffic of the minute before', traffic({ id: 'x', timeMs: T0 - 60_000 }), false],
    ['traffic of another partition', traffic({ id: 'x', timeMs: T0, partition: 'p2' }), false],
  ])('only in the store: %s', async (_, document, isTold) => {
    const told = await differencesOf([a], [stored(a), stored(document)])
    expect(told.map(({ is }) => is)).toEqual(isTold ? [`only_in_store ${document.kind} x`] : [])
  })

  test.each([
    ['of a file of the input', 'edgemicro-gateway-1-api.log', true],
    ['of another file', 'console-2.txt', false],
  ])('a failure without a gateway that is only in the store is told where it is %s', async (_, path, isTold) => {
    const nameless = failure({ id: 'x', timeMs: T0 + 2_000, gateway: null })
    const document = { ...nameless.document, log: { ...nameless.document.log, file: { path } } }
    const scope = { ...SCOPE, gateways: new Set([null]) }
    const told = await differencesOf([], [stored({ ...nameless, document })], { scope })
    expect(told.map(({ is }) => is)).toEqual(isTold ? ['only_in_store failure x'] : [])
  })

  test('makes one of several documents of one id as stores do', async () => {
    const late = failure({ id: 'a', halves: 'client', timeMs: T0 + 2_000 })
    const early = failure({ id: 'a', halves: 'target', timeMs: T0 + 2_000 })
    const fewer = traffic({ id: 't', requests: 10, responses: 10 })
    const more = traffic({ id: 't', requests: 12, responses: 9 })
    expect(await differencesOf([early, more, late, early, fewer], [stored(a), stored(more)])).toEqual([])
    const [partial] = await differencesOf([early, late], [stored(early)])
    expect(partial.is).toBe('different failure a')
    expect(partial.fields).toContainEqual({ field: 'edgemicro.halves', input: 'both', store: 'target' })
  })

  test('reads the input once where there is nothing to merge and nothing to tell', async () => {
    let reads = 0
    const { stores } = await verify({
      readInput: async (onDocuments) => {
        reads++
        onDocuments([a, a, minute])
        return SCOPE
      },
      stores: [new MemoryStore([stored(a), stored(minute)])],
      mergeFailures: mergeFailureDocuments,
      maxDescribed: 10,
      signal: new AbortController().signal,
    })
    expect([reads, stores[0].differences]).toEqual([1, []])
    expect(stores[0].found).toEqual({ failure: 1, traffic: 1 })
  })

  test('compares by the key that the store makes of an id, and tells the id', async () => {
    const keyOf = (id: string): string => `hash-${id}`
    const hashed = (document: IndexDocument): StoredDocument => ({ ...stored(document), key: keyOf(document.id) })
    expect(await differencesOf([a, b], [hashed(a), hashed(b)], { keyOf })).toEqual([])
    expect(await differencesOf([a, b], [hashed(b)], { keyOf })).toMatchObject([{ is: 'missing failure a' }])
  })

  test('compares several stores, each for itself', async () => {
    const { stores } = await verify({
      readInput: async (onDocuments) => {
        onDocuments([a, b])
        return SCOPE
      },
      stores: [[], [a, b], [b]].map((documents) => new MemoryStore(documents.map((each) => stored(each)))),
      mergeFailures,
      maxDescribed: 1,
      signal: new AbortController().signal,
    })
    expect(stores.map(({ differences }) => differences.map(({ difference, id }) => `${difference} ${id}`))).toEqual([
      ['missing a', 'missing b'],
      [],
      ['missing a'],
    ])
    expect(stores.map(({ described }) => described.length)).toEqual([1, 0, 1])
  })

  test('finds nothing too much where the input has no line', async () => {
    expect(await differencesOf([], [stored(a)], { scope: { ...SCOPE, range: null } })).toEqual([])
  })

  test('finds each of many missing documents', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => failure({ id: `f${index}`, timeMs: T0 + 2_000 }))
    const moved = failure({ id: 'f1777', timeMs: T0 })
    const { stores } = await verify({
      readInput: async (onDocuments) => {
        onDocuments(many)
        return SCOPE
      },
      stores: [new MemoryStore([stored(moved)])],
      mergeFailures,
      maxDescribed: 0,
      signal: new AbortController().signal,
    })
    const missing = stores[0].differences.filter(({ difference }) => difference === 'missing')
    expect([missing.length, stores[0].found.failure]).toEqual([2_499, 1])
  })

  test('stops between the parts of a store', async () => {
    const abort = new AbortController()
    const result = verify({
      readInput: async (onDocuments) => {
        onDocuments([a])
        abort.abort()
        return SCOPE
      },
      stores: [new MemoryStore([stored(a)])],
      mergeFailures,
      maxDescribed: 10,
      signal: abort.signal,
    })
    await expect(result).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('takes a document that is no document for a different one', async () => {
    const broken: StoredDocument = { kind: 'failure', key: 'a', place: 'day-1', document: { '@timestamp': 7 } }
    const [difference] = await differencesOf([a], [broken])
    expect(difference.is).toBe('different failure a')
  })
})
