import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  DIMENSIONS,
  type Dimension,
  type FrequencyRow,
  type FrequencyStore,
  type Question,
} from '../../src/frequency/question.js'
import { Tally } from '../../src/frequency/tally.js'
import type { IndexDocument } from '../../src/records.js'
import { failure, T0, traffic } from '../support/documents.js'

const MINUTE = 60_000

/** A store that holds exactly these documents. */
export type SeedStore = (documents: readonly IndexDocument[]) => Promise<FrequencyStore>

/** What every store answers: the cases by hand, and for any other question the same as the plain count in memory. */
export function describeFrequencyStore(name: string, seed: SeedStore): void {
  describe(`${name} frequency store`, () => {
    let store: FrequencyStore
    let empty: FrequencyStore

    beforeAll(async () => {
      store = await seed(DOCUMENTS)
      empty = await seed([])
    })

    afterAll(async () => {
      await store?.close()
      await empty?.close()
    })

    const ask = (question: Partial<Question>) => store.ask({ by: [], everyMs: null, filter: {}, ...question })

    test('counts all failures and all requests', async () => {
      expect(await ask({})).toEqual([
        {
          startMs: null,
          values: {},
          requests: 760,
          failures: 8,
          firstFailureMs: T0 + 1000,
          lastFailureMs: T0 + 2 * MINUTE,
        },
      ])
    })

    test('answers nothing where nothing is stored', async () => {
      expect(await empty.ask({ by: [], everyMs: null, filter: {} })).toEqual([])
      expect(await empty.ask({ by: ['target', 'status'], everyMs: MINUTE, filter: {} })).toEqual([])
    })

    test('lists targets with most failures first, and those without any; unknown ones last among equals', async () => {
      expect((await ask({ by: ['target'] })).map(brief)).toEqual([
        'a:1 5/300',
        'b:2 1/null',
        'é:3 1/50',
        '- 1/400',
        'quiet:9 0/10',
      ])
    })

    test('gives every outcome of a target the requests of the target, and no rows without failures', async () => {
      expect((await ask({ by: ['target', 'cause'], filter: { target: 'a:1' } })).map(brief)).toEqual([
        'a:1 premature_close 3/300',
        'a:1 target_timeout 2/300',
      ])
      expect((await ask({ by: ['status'] })).map(brief)).toEqual(['502 5/760', '504 2/760', '- 1/760'])
    })

    test('knows no requests of a worker or a method', async () => {
      expect((await ask({ by: ['worker'] })).map(brief)).toEqual(['1 5/null', '2 3/null'])
      expect((await ask({ by: ['target', 'method'], filter: { target: 'a:1' } })).map(brief)).toEqual([
        'a:1 GET 4/null',
        'a:1 POST 1/null',
      ])
    })

    test('cuts windows at the epoch, half open, in order of time', async () => {
      const rows = await ask({ by: ['target'], everyMs: MINUTE, filter: { target: 'a:1' } })
      expect(
        rows.map((row) => [
          (row.startMs ?? 0) - T0,
          brief(row),
          (row.firstFailureMs ?? 0) - T0,
          (row.lastFailureMs ?? 0) - T0,
        ]),
      ).toEqual([
        [0, 'a:1 3/100', 1000, 59_999],
        [MINUTE, 'a:1 2/200', MINUTE, MINUTE + 5],
      ])
      const hours = await ask({ everyMs: 60 * MINUTE })
      expect(hours.map((row) => [row.startMs, row.failures, row.requests])).toEqual([[T0 - 52 * MINUTE, 8, 760]])
    })

    test('takes a half-open range of time', async () => {
      const range = { sinceMs: T0 + MINUTE, untilMs: T0 + 2 * MINUTE }
      expect((await ask({ by: ['target'], filter: range })).map(brief)).toEqual(['a:1 2/200', 'é:3 1/50', '- 1/400'])
      expect(await ask({ filter: { sinceMs: T0 + 10 * MINUTE } })).toEqual([])
    })

    test('restricts failures and requests to a target and an API, and failures alone to a code', async () => {
      expect((await ask({ filter: { proxy: 'p2' } })).map(brief)).toEqual(['1/50'])
      expect((await ask({ by: ['target'], filter: { target: 'a:1', code: 'ETIMEDOUT' } })).map(brief)).toEqual([
        'a:1 2/300',
      ])
      expect((await ask({ by: ['target'], filter: { target: 'a:1', code: 'none' } })).map(brief)).toEqual(['a:1 0/300'])
      expect(await ask({ by: ['target'], filter: { target: `' OR 1=1 --` } })).toEqual([])
    })

    test('names a dimension once where it is asked for twice', async () => {
      expect(await ask({ by: ['env', 'env'] })).toEqual(await ask({ by: ['env'] }))
    })

    test('refuses windows that are no whole minutes', async () => {
      for (const everyMs of [0, -MINUTE, 1000, 90_000, Number.NaN, 0.5]) {
        await expect(ask({ everyMs })).rejects.toMatchObject({ name: 'ConfigError', code: 'usage' })
      }
    })

    test('sorts by code points, not by the units of a string', async () => {
      const values = ['\u{1f600}', '\uffee', 'z', 'Z', 'é', '', 'zz']
      const sorted = await seed(values.map((proxy, index) => failure({ id: `s${index}`, proxy })))
      const rows = await sorted.ask({ by: ['proxy'], everyMs: null, filter: {} })
      await sorted.close()
      expect(rows.map((row) => row.values.proxy)).toEqual(['', 'Z', 'z', 'zz', 'é', '\uffee', '\u{1f600}'])
    })

    test('answers any question about any documents as the plain count does', async () => {
      const documents = randomDocuments()
      const other = await seed(documents)
      const tally = new Tally({ dimensions: DIMENSIONS, everyMs: MINUTE })
      tally.add(documents)
      await fc.assert(
        fc.asyncProperty(questions, async (question) => {
          expect(await other.ask(question)).toEqual(await tally.ask(question))
        }),
        { numRuns: 60 },
      )
      await other.close()
    })
  })
}

/** `target cause 3/300`: the values, failures/requests. */
function brief({ values, failures, requests }: FrequencyRow): string {
  return [...Object.values(values).map((value) => value ?? '-'), `${failures}/${requests}`].join(' ')
}

const timeout = { cause: 'target_timeout', code: 'ETIMEDOUT', status: 504 } as const
const close = { cause: 'premature_close', proxy: 'p1' } as const

const DOCUMENTS: readonly IndexDocument[] = [
  failure({ id: '1', timeMs: T0 + 1000, target: 'a:1', worker: '1', ...close }),
  failure({ id: '2', timeMs: T0 + 2000, target: 'a:1', worker: '1', ...close, method: 'POST' }),
  failure({ id: '3', timeMs: T0 + 59_999, target: 'a:1', worker: '2', proxy: 'p1', ...timeout }),
  failure({ id: '4', timeMs: T0 + MINUTE, target: 'a:1', worker: '1', proxy: 'p1', ...timeout }),
  failure({ id: '5', timeMs: T0 + MINUTE + 5, target: 'a:1', worker: '1', ...close }),
  failure({ id: '6', timeMs: T0 + MINUTE + 6, target: 'é:3', worker: '2', proxy: 'p2' }),
  failure({ id: '7', timeMs: T0 + 2 * MINUTE + 1, target: 'b:2', worker: '1', proxy: null, halves: 'target' }),
  failure({ id: '8', timeMs: T0 + MINUTE + 7, halves: 'client', worker: '2', proxy: null }),
  traffic({ timeMs: T0, target: 'a:1', proxy: 'p1', requests: 100 }),
  traffic({ timeMs: T0 + MINUTE, target: 'a:1', proxy: 'p1', requests: 150 }),
  traffic({ timeMs: T0 + MINUTE, target: 'a:1', proxy: 'p1', partition: 'p2', requests: 50 }),
  traffic({ timeMs: T0 + MINUTE, target: 'é:3', proxy: 'p2', requests: 50 }),
  traffic({ timeMs: T0 + MINUTE, target: null, proxy: null, requests: 400, basis: 'stats' }),
  traffic({ timeMs: T0, target: 'quiet:9', proxy: 'p1', requests: 10 }),
]

/** A few hundred documents with every dimension taking a few values, absent ones among them; the same each time. */
function randomDocuments(): readonly IndexDocument[] {
  let state = 42
  const pick = <Value>(...values: readonly Value[]): Value => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return values[(state >> 8) % values.length] as Value
  }
  const where = () => ({
    target: pick('a:1', 'b:2', null),
    proxy: pick('p1', "p'2", 'p\u0000', null),
    gateway: pick('g1', 'g2'),
    org: pick('o1', null),
    env: pick('test', 'prod'),
  })
  const failures = Array.from({ length: 300 }, (_, index) =>
    failure({
      id: `r${index}`,
      timeMs: T0 + index * 4001,
      ...where(),
      cause: pick('undetermined', 'target_timeout'),
      code: pick('ECONNRESET', 'ETIMEDOUT', null),
      status: pick(502, 504, 499, null),
      worker: pick('1', '2', null),
      method: pick('GET', 'POST', null),
      halves: pick('both', 'target', 'client'),
    }),
  )
  const counted = Array.from({ length: 200 }, (_, index) =>
    traffic({ id: `c${index}`, timeMs: T0 + (index % 25) * MINUTE, ...where(), requests: 1 + (index % 90) }),
  )
  return [...failures, ...counted]
}

const minutes = fc.integer({ min: -2, max: 30 }).map((count) => T0 + count * MINUTE)

const questions: fc.Arbitrary<Question> = fc.record({
  by: fc.subarray<Dimension>([...DIMENSIONS]).chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
  everyMs: fc.constantFrom(null, MINUTE, 5 * MINUTE, 60 * MINUTE, 7 * 24 * 60 * MINUTE),
  filter: fc.record(
    {
      sinceMs: minutes,
      untilMs: minutes,
      target: fc.constantFrom('a:1', 'nowhere:1'),
      proxy: fc.constantFrom('p1', "p'2", 'p\u0000'),
      code: fc.constantFrom('ECONNRESET', 'none'),
    },
    { requiredKeys: [] },
  ),
})
