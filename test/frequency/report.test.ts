import { describe, expect, test } from '@jest/globals'
import type { Dimension, Filter, FrequencyRow, FrequencyStore, Question } from '../../src/frequency/question.js'
import { rateOf } from '../../src/frequency/rate.js'
import { buildReport, type Report } from '../../src/frequency/report.js'

const LEDGER = { lines: 10, events: 9, plain: 1, stats: 0, continuations: 0, rejections: 0 }
const FIRST_MS = Date.parse('2026-11-23T02:00:00.000Z')

type Values = Readonly<Partial<Record<Dimension, string | null>>>

function row(values: Values, failures: number, requests: number | null = null): FrequencyRow {
  const failed = failures > 0
  const lastFailureMs = failed ? FIRST_MS + 60_000 : null
  return { startMs: null, values, requests, failures, firstFailureMs: failed ? FIRST_MS : null, lastFailureMs }
}

/** A store that holds the answers to the questions of a report, by their dimensions. */
class Answers implements FrequencyStore {
  readonly asked: Question[] = []
  constructor(private readonly answers: Readonly<Record<string, readonly FrequencyRow[]>>) {}

  async ask(question: Question): Promise<readonly FrequencyRow[]> {
    this.asked.push(question)
    return this.answers[question.by.join(',')] ?? []
  }

  async close(): Promise<void> {}
}

function report(answers: Readonly<Record<string, readonly FrequencyRow[]>>, filter: Filter = {}): Promise<Report> {
  return buildReport(new Answers(answers), { ledger: LEDGER, sinceMs: null, untilMs: null, filter })
}

describe('buildReport', () => {
  test('says how often, for which targets and APIs, by what, and when', async () => {
    const built = await report({
      '': [row({}, 3, 100)],
      cause: [row({ cause: 'undetermined' }, 2), row({ cause: 'target_timeout' }, 1)],
      code: [row({ code: 'ECONNRESET' }, 3)],
      status: [row({ status: '502' }, 2), row({ status: '504' }, 1)],
      target: [row({ target: 'a:1' }, 3, 50), row({ target: 'b:2' }, 0, 50)],
      'target,cause': [
        row({ target: 'a:1', cause: 'undetermined' }, 2, 50),
        row({ target: 'a:1', cause: 'target_timeout' }, 1, 50),
      ],
      proxy: [row({ proxy: 'v2/orders' }, 3, 100)],
      'proxy,cause': [row({ proxy: 'v2/orders', cause: 'undetermined' }, 3, 100)],
      'target,proxy': [
        row({ target: 'a:1', proxy: 'v2/orders' }, 1, 50),
        row({ target: 'a:1', proxy: 'v1/users' }, 2, 50),
        row({ target: 'b:2', proxy: 'v2/orders' }, 0, 50),
      ],
    })
    expect(built).toMatchObject({
      ledger: LEDGER,
      since: null,
      until: null,
      requests: 100,
      failures: 3,
      rate: 0.03,
      by_cause: { undetermined: 2, target_timeout: 1 },
      by_code: { ECONNRESET: 3 },
      by_status: { '502': 2, '504': 1 },
      first_failure: '2026-11-23T02:00:00.000Z',
      last_failure: '2026-11-23T02:01:00.000Z',
    })
    expect(built.targets).toMatchObject([
      {
        target: 'a:1',
        requests: 50,
        failures: 3,
        rate: 0.06,
        by_cause: { undetermined: 2, target_timeout: 1 },
        apis: ['v1/users', 'v2/orders'],
        idle_timeout_ms: null,
        advice: expect.stringContaining('v1/users, v2/orders → a:1: 3 of 50 requests (6.0 %, '),
      },
      { target: 'b:2', apis: [], failures: 0, rate: 0, by_cause: {}, advice: 'nothing failed', first_failure: null },
    ])
    expect(built.proxies).toMatchObject([{ proxy: 'v2/orders', failures: 3, rate: 0.03 }])
    expect(built.proxies[0]).not.toHaveProperty('target')
  })

  test('gives a target the idle timeout that is known', async () => {
    const idleTimeout = { timeoutMs: 5_003, lowMs: 4_950, highMs: 5_060, longEnoughMs: 60_000, saferMs: 3_900 }
    const built = await buildReport(new Answers({ target: [row({ target: 'a:1' }, 3), row({ target: 'b:2' }, 2)] }), {
      ...{ ledger: LEDGER, sinceMs: null, untilMs: null, filter: {} },
      facts: (target) => ({ idleTimeout: target === 'a:1' ? idleTimeout : null, population: null, outages: [] }),
    })
    expect(built.targets).toMatchObject([
      { target: 'a:1', idle_timeout_ms: 5_003, idle_timeout_low_ms: 4_950, idle_timeout_high_ms: 5_060 },
      { target: 'b:2', idle_timeout_ms: null, idle_timeout_low_ms: null, idle_timeout_high_ms: null },
    ])
  })

  test('gives each rate its interval', async () => {
    const { rate, rate_low: low, rate_high: high } = await report({ '': [row({}, 10, 100)] })
    expect(rate).toBe(0.1)
    // Wilson's interval of 10 in 100 (Brown, Cai and DasGupta 2001): 0.0552 to 0.1744.
    expect(low).toBeCloseTo(0.0552, 4)
    expect(high).toBeCloseTo(0.1744, 4)
  })

  test('says no rate without a denominator', async () => {
    const built = await report({ '': [row({}, 3)], target: [row({ target: 'a:1' }, 3)] })
    expect(built).toMatchObject({ requests: null, rate: null, rate_low: null, rate_high: null })
    expect(built.targets[0]).toMatchObject({ requests: null, rate: null, rate_low: null, rate_high: null })
  })

  test('does not take requests of no known target for those of the unknown target', async () => {
    const { targets } = await report({ target: [row({ target: null }, 2, 589), row({ target: 'a:1' }, 1)] })
    expect(targets).toMatchObject([
      { target: 'unknown', requests: null, failures: 2, rate: null },
      { target: 'a:1', failures: 1 },
    ])
  })

  test('leaves the unknown target out where nothing failed for it', async () => {
    const { targets } = await report({ target: [row({ target: null }, 0, 589)] })
    expect(targets).toEqual([])
  })

  test('sorts by failures, whatever the order of the rows', async () => {
    const rows = [row({ target: 'c:1' }, 1, 10), row({ target: 'a:1' }, 5, 10), row({ target: 'b:1' }, 5, 10)]
    const { targets } = await report({ target: rows })
    expect(targets.map(({ target }) => target)).toEqual(['a:1', 'b:1', 'c:1'])
  })

  test('counts what has no code under "none"', async () => {
    const { by_code: byCode } = await report({ code: [row({ code: null }, 2), row({ code: 'none' }, 1)] })
    expect(byCode).toEqual({ none: 3 })
  })

  test('survives names that mean something to JavaScript', async () => {
    const { by_code: byCode } = await report({ code: [row({ code: '__proto__' }, 2), row({ code: 'constructor' }, 1)] })
    expect(JSON.parse(JSON.stringify(byCode))).toEqual(JSON.parse('{"__proto__":2,"constructor":1}'))
    expect(Object.entries(byCode)).toHaveLength(2)
  })

  test('is empty, not broken, where the store holds nothing', async () => {
    expect(await report({})).toMatchObject({
      requests: null,
      failures: 0,
      rate: null,
      by_cause: {},
      targets: [],
      proxies: [],
    })
  })

  test('answers for as many APIs of one target as clients can make up', async () => {
    const rows = Array.from({ length: 200_000 }, (_, index) => row({ target: 'a:1', proxy: `api/${index}` }, 1))
    const built = await report({ target: [row({ target: 'a:1' }, rows.length)], 'target,proxy': rows })
    expect(built.targets[0].apis).toHaveLength(rows.length)
  })

  test('asks every question with the same filter and prints its range', async () => {
    const store = new Answers({})
    const filter = { sinceMs: FIRST_MS, target: 'a:1' }
    const built = await buildReport(store, { ledger: LEDGER, sinceMs: FIRST_MS, untilMs: null, filter })
    expect(new Set(store.asked.map((question) => question.filter))).toEqual(new Set([filter]))
    expect([built.since, built.until]).toEqual(['2026-11-23T02:00:00.000Z', null])
  })
})

describe('rateOf', () => {
  test.each([
    ['the requests are not known', row({}, 1)],
    ['there were no requests', row({}, 0, 0)],
    ['fewer requests than failures were counted', row({}, 5, 4)],
    ['the requests are of no known target', row({ target: null }, 1, 10)],
    ['the requests are of no known API', row({ proxy: null }, 1, 10)],
  ])('is null where %s', (_name, without) => {
    expect(rateOf(without)).toBeNull()
  })
})
