import { describe, expect, test } from '@jest/globals'
import { type AdviceInput, adviceFor, type PopulationFacts } from '../../src/frequency/advice.js'
import { CAUSES } from '../../src/records.js'

const RACES: AdviceInput = {
  target: '10.0.0.9:8080',
  apis: ['orders'],
  failures: 412,
  byCause: { keepalive_race: 398, premature_close: 14 },
  requests: 9_310,
  rate: 412 / 9_310,
  rateLow: 0.0402,
  rateHigh: 0.0487,
  facts: {
    idleTimeout: { timeoutMs: 5_000, lowMs: 4_900, highMs: 5_100, longEnoughMs: 60_000, saferMs: 4_000 },
    population: null,
    outages: [],
  },
}

const POPULATION: PopulationFacts = { resets: 100, epipe: 15, read: 2, elapsedMedianMs: 3, elapsedP90Ms: 1_200 }

function undetermined(facts: PopulationFacts): string {
  const input = { target: 'a:1', failures: 100, byCause: { undetermined: 100 }, requests: null }
  return adviceFor({ ...input, facts: { idleTimeout: null, population: facts, outages: [] } })
}

describe('adviceFor', () => {
  test('says how often, why, and both ways out of keep-alive races', () => {
    expect(adviceFor(RACES)).toBe(
      'orders → 10.0.0.9:8080: 412 of 9,310 requests (4.4 %, 4.0–4.9) failed; 398 are keep-alive races: the target closes ' +
        'idle connections after 5.0 s (4.9–5.1). Set its timeout above 60 s, or install the plugin that hangup keepalive ' +
        'plugin --timeout 4s writes: the gateway gives idle connections up first',
    )
  })

  test('names no timeout of the target where none is known to be long enough', () => {
    const { facts } = RACES
    const idleTimeout = { timeoutMs: 5_000, lowMs: 4_960, highMs: 5_050, longEnoughMs: null, saferMs: 3_900 }
    const advice = adviceFor({ ...RACES, facts: { population: null, outages: [], ...facts, idleTimeout } })
    expect(advice).toContain('after 5.00 s (4.96–5.05). Install the plugin')
    expect(advice).not.toContain('above')
  })

  test('tells of races also where another cause is more frequent', () => {
    const byCause = { premature_close: 214, keepalive_race: 198 }
    expect(adviceFor({ ...RACES, byCause })).toMatch(
      /failed; 214 are premature_close: .* limits in its log\. 198 are keep-alive races: the target closes idle .* after 5\.0 s/,
    )
    expect(adviceFor({ ...RACES, byCause, facts: undefined })).not.toContain('races')
  })

  test('says when the target was down, and not that nothing listens there', () => {
    const fromMs = Date.UTC(2026, 10, 23, 2, 39, 47)
    const outage = { fromMs, untilMs: fromMs + 3_000, cut: 4, refused: 50 }
    const facts = { idleTimeout: null, population: null, outages: [outage] }
    const input = { target: 'a:1', failures: 54, byCause: { connect_refused: 50, premature_close: 4 }, requests: null }
    expect(adviceFor({ ...input, facts })).toBe(
      'a:1: 54 requests failed; 50 are connect_refused: it went down (2026-11-23 02:39:47 UTC for 3 s): 4 requests were ' +
        'broken off, and 50 refused until it listened again. Look for crashes and restarts in its log',
    )
    const often = { ...facts, outages: [1, 2, 3, 4].map(() => ({ ...outage, refused: 0 })) }
    expect(adviceFor({ ...input, byCause: { premature_close: 54 }, facts: often })).toMatch(
      /limits in its log\. It went down 4 times \(2026-11-23 02:39:47 UTC for 3 s, [^…]*, …\): 16 requests were broken off\. Look/,
    )
  })

  test('tells of races also without an estimate', () => {
    expect(adviceFor({ ...RACES, facts: undefined })).toMatch(/398 are keep-alive races: .* as the gateway reuses them/)
  })

  test.each(CAUSES)('says what to do about %s in one paragraph', (cause) => {
    const advice = adviceFor({ target: 'a:1', failures: 1, byCause: { [cause]: 1 }, requests: 10 })
    expect(advice).toMatch(/^a:1: 1 request failed; it is /)
    expect(advice).not.toContain('\n')
    expect(advice.length).toBeLessThan(280)
  })

  test('goes by the most frequent cause', () => {
    const byCause = { target_timeout: 1, connect_refused: 5 }
    expect(adviceFor({ target: 'a:1', failures: 6, byCause, requests: null })).toBe(
      'a:1: 6 requests failed; 5 are connect_refused: nothing listens at a:1: is the target running?',
    )
  })

  test('names three APIs at most', () => {
    expect(adviceFor({ ...RACES, apis: ['a', 'b', 'c', 'd', 'e'] })).toMatch(/^a, b, c and 2 more → 10\.0\.0\.9:8080: /)
  })

  test('does not call an unknown target by a name', () => {
    const input = { target: 'unknown', failures: 1, requests: null }
    expect(adviceFor({ ...input, byCause: { connect_refused: 1 } })).toMatch(/: nothing listens at the target: /)
    expect(adviceFor({ ...input, requests: 5, byCause: { undetermined: 1 } })).toContain('does not name the target')
  })

  test('asks for an info log where the log was too short to tell', () => {
    const input = { target: 'a:1', failures: 6, byCause: { undetermined: 6 }, requests: null }
    expect(adviceFor(input)).toContain('logging.level: info')
  })

  test('says what resets have in common where single ones tell nothing', () => {
    const text = undetermined(POPULATION)
    expect(text).toContain(
      'Of 100 resets, 15 % are EPIPE and 2.0 % read ECONNRESET, half came within 3 ms of the request and nine of ten within 1.2 s',
    )
    expect(text).toContain('likely keep-alive races among them')
    expect(text).toContain('logging.level: info')
  })

  test('does not describe a handful of resets by shares', () => {
    const text = undetermined({ ...POPULATION, resets: 1, epipe: 0, read: 0 })
    expect(text).toContain('do not tell what connection a request took. To know, set logging.level: info')
  })

  test('says which way resets lean only where they do', () => {
    expect(undetermined({ ...POPULATION, epipe: 0, read: 20 })).toContain('in the middle of requests')
    expect(undetermined({ ...POPULATION, epipe: 0, read: 3 })).not.toContain('likely')
    expect(undetermined({ ...POPULATION, resets: 9, epipe: 3 })).not.toContain('likely')
    expect(undetermined({ ...POPULATION, elapsedMedianMs: null, elapsedP90Ms: null })).not.toContain('half came')
  })
})
