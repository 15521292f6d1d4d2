import { describe, expect, test } from '@jest/globals'
import { askCovered, coverageGrain } from '../../src/frequency/covered.js'
import type { Dimension, Question } from '../../src/frequency/question.js'
import { rateOf } from '../../src/frequency/rate.js'
import { Tally } from '../../src/frequency/tally.js'
import type { IndexDocument } from '../../src/records.js'
import { failure, T0, traffic } from '../support/documents.js'

const MINUTE_MS = 60_000
const target = '10.0.0.9:8080'

async function rowsOf(documents: readonly IndexDocument[], question: Partial<Question> = {}) {
  const asked: Question = { by: ['target'], everyMs: null, filter: {}, ...question }
  const tally = new Tally({ dimensions: asked.by, everyMs: asked.everyMs })
  const coverage = new Tally(coverageGrain(asked.by, asked.filter))
  for (const each of [tally, coverage]) each.add(documents)
  return askCovered(tally, asked, coverage)
}

const counting = { target, gateway: 'counts' }
const silent = { target, gateway: 'silent' }

describe('a row', () => {
  test('has a rate where each of its failures has requests of its gateway beside it', async () => {
    const [row] = await rowsOf([
      failure({ ...counting, timeMs: T0 }),
      traffic({ ...counting, timeMs: T0, requests: 10 }),
    ])
    expect(rateOf(row)?.rate).toBe(0.1)
  })

  test('has none where another gateway logs failures alone, and keeps the requests that were counted', async () => {
    const [row] = await rowsOf([
      failure({ id: 'a', ...counting }),
      failure({ id: 'b', ...silent }),
      traffic({ ...counting, requests: 10 }),
    ])
    expect(row).toMatchObject({ requests: 10, failures: 2, isCovered: false })
    expect(rateOf(row)).toBeNull()
  })

  test('has none where its gateway counted requests at another time only', async () => {
    const later = T0 + 30 * MINUTE_MS
    const [row] = await rowsOf([failure({ ...counting, timeMs: later }), traffic({ ...counting, timeMs: T0 })])
    expect(rateOf(row)).toBeNull()
  })

  test('has a rate where the request was counted in the minute before its failure', async () => {
    const [row] = await rowsOf([failure({ ...counting, timeMs: T0 + MINUTE_MS }), traffic({ ...counting, timeMs: T0 })])
    expect(rateOf(row)).not.toBeNull()
  })

  test.each<[string, readonly Dimension[]]>([
    ['the gateway', ['target', 'gateway']],
    ['the cause', ['target', 'cause']],
    ['nothing', []],
  ])('is marked by its own failures, by %s', async (_, by) => {
    const rows = await rowsOf(
      [failure({ id: 'a', ...counting }), failure({ id: 'b', ...silent }), traffic({ ...counting, requests: 10 })],
      { by },
    )
    const marked = rows.filter(({ isCovered }) => isCovered === false).map(({ values }) => values.gateway)
    expect(marked).toEqual(by.includes('gateway') ? ['silent'] : [undefined])
  })

  test('of one window says nothing of another', async () => {
    const everyMs = 60 * MINUTE_MS
    const first = Math.floor(T0 / everyMs) * everyMs
    const second = first + everyMs
    const rows = await rowsOf(
      [
        failure({ id: 'a', ...counting, timeMs: first + 10 * MINUTE_MS }),
        traffic({ ...counting, timeMs: first + 10 * MINUTE_MS, requests: 10 }),
        failure({ id: 'b', ...silent, timeMs: second + 10 * MINUTE_MS }),
        traffic({ ...counting, timeMs: second + 10 * MINUTE_MS, requests: 10 }),
      ],
      { everyMs },
    )
    expect(rows.map(({ startMs, isCovered }) => [startMs, isCovered])).toEqual([
      [first, undefined],
      [second, false],
    ])
  })
})
