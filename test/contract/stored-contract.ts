import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { IndexDocument } from '../../src/records.js'
import type { StoredDocument, StoredDocuments, TimeRange } from '../../src/sinks/stored.js'
import { failure, HOSTILE_TEXTS, T0, traffic } from '../support/documents.js'

/** A store that can be filled and then read. */
export interface StoredHarness {
  /** As its sink would. */
  fill(documents: readonly IndexDocument[]): Promise<void>
  open(): Promise<StoredDocuments>
  remove(): Promise<void>
}

/** What every implementation of `StoredDocuments` keeps. */
export function describeStored(name: string, harnessOf: () => Promise<StoredHarness>): void {
  describe(`documents stored in ${name}`, () => {
    let harness: StoredHarness
    let opened: StoredDocuments | null = null

    const open = async (): Promise<StoredDocuments> => {
      opened = await harness.open()
      return opened
    }
    const allOf = async (
      ...some: readonly AsyncIterable<readonly StoredDocument[]>[]
    ): Promise<readonly StoredDocument[]> => {
      const all: StoredDocument[] = []
      for (const parts of some) for await (const part of parts) all.push(...part)
      return all.toSorted((one, other) => (one.key < other.key ? -1 : 1))
    }
    const within = (from: StoredDocuments, range: TimeRange): Promise<readonly StoredDocument[]> =>
      allOf(from.within('failure', range), from.within('traffic', range))

    beforeEach(async () => {
      harness = await harnessOf()
    })
    afterEach(async () => {
      await opened?.close()
      opened = null
      await harness.remove()
    })

    test('come back whole, whatever stands in them', async () => {
      const documents = [
        ...HOSTILE_TEXTS.map((text, index) =>
          failure({ id: `f${index}`, message: text, path: text, query: text, gateway: text, worker: text }),
        ),
        failure({ id: 'client', halves: 'client', code: null, message: null, status: null, proxy: null, method: null }),
        failure({ id: 'target', halves: 'target' }),
        traffic({ id: 'lines', timeMs: T0, requests: 0, responses: 4_294_967_296 }),
        traffic({ id: 'stats', timeMs: T0, target: null, proxy: null, org: null, env: null, basis: 'stats' }),
      ]
      await harness.fill(documents)
      const stored = await within(await open(), { sinceMs: T0 - 1_000, untilMs: T0 })
      const byKey = documents.toSorted((one, other) => (one.id < other.id ? -1 : 1))
      expect(stored.map(({ kind, document }) => ({ kind, document }))).toEqual(
        byKey.map(({ kind, document }) => ({ kind, document })),
      )
      expect(stored.map(({ key }) => key)).toEqual(byKey.map(({ id }) => (opened as StoredDocuments).keyOf(id)))
    })

    test('are given from the first to the last moment of a range, and no others', async () => {
      const at = (id: string, timeMs: number) => failure({ id, timeMs })
      await harness.fill([
        at('before', T0 - 1),
        at('first', T0),
        at('last', T0 + 86_400_000),
        at('behind', T0 + 86_400_001),
        traffic({ id: 'minute', timeMs: T0 }),
        traffic({ id: 'minute-before', timeMs: T0 - 60_000 }),
      ])
      const stored = await within(await open(), { sinceMs: T0, untilMs: T0 + 86_400_000 })
      expect(stored.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
        'failure first',
        'failure last',
        'traffic minute',
      ])
    })

    test('are found by their keys, whatever their time, and those that are not there are left out', async () => {
      await harness.fill([
        failure({ id: 'old', timeMs: Date.UTC(1999, 11, 31) }),
        failure({ id: 'other' }),
        failure({ id: 'new', timeMs: Date.UTC(2031, 0, 1) }),
        traffic({ id: 'old' }),
      ])
      const stored = await open()
      const found = await allOf(stored.under('failure', ['new', 'absent', 'old']))
      expect(found.map(({ kind, key }) => `${kind} ${key}`)).toEqual(['failure new', 'failure old'])
      expect(await allOf(stored.under('traffic', ['old', 'new']))).toMatchObject([{ kind: 'traffic', key: 'old' }])
      expect(await allOf(stored.under('failure', []))).toEqual([])
    })

    test('come once each where there are many, by time and by key', async () => {
      const ids = Array.from({ length: 2_300 }, (_, index) => `id-${index}`)
      await harness.fill(ids.map((id, index) => failure({ id, timeMs: T0 + index * 60_000 })))
      const stored = await open()
      const keys = (await within(stored, { sinceMs: T0, untilMs: T0 + ids.length * 60_000 })).map(({ key }) => key)
      expect(keys).toEqual(ids.toSorted())
      const thousand = ids.slice(0, 1_000)
      expect((await allOf(stored.under('failure', thousand))).map(({ key }) => key)).toEqual(thousand.toSorted())
    })

    test('are none where nothing was stored', async () => {
      await harness.fill([])
      const stored = await open()
      expect(await within(stored, { sinceMs: 0, untilMs: T0 })).toEqual([])
      expect(await allOf(stored.under('failure', ['a']))).toEqual([])
    })
  })
}
