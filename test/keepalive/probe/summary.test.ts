import { describe, expect, test } from '@jest/globals'
import type { Sample } from '../../../src/keepalive/probe/measure.js'
import { summarize } from '../../../src/keepalive/probe/summary.js'
import { saferTimeoutMs } from '../../../src/keepalive/safer-timeout.js'

const closed = (idleMs: number, closedBy: 'fin' | 'rst' = 'fin', header: Sample['header'] = null): Sample => ({
  status: 200,
  header,
  outcome: 'closed',
  idleMs,
  closedBy,
})

describe('several connections', () => {
  test('give the median, so that one that a busy machine noticed late does not count for all', () => {
    const announced = { timeoutMs: 5_000, maxRequests: null }
    expect(summarize([closed(5_004), closed(7_900), closed(5_001, 'fin', announced)])).toEqual({
      state: 'measured',
      idleTimeoutMs: 5_004,
      lowMs: 5_001,
      highMs: 7_900,
      closedBy: 'fin',
      openForMs: null,
      header: announced,
      differenceMs: 4,
      status: 200,
    })
  })

  test('of an even number give the middle of the middle two', () => {
    expect(summarize([closed(10), closed(20), closed(30), closed(1)])).toMatchObject({ idleTimeoutMs: 15 })
  })

  test('that were closed in both ways say so', () => {
    expect(summarize([closed(10), closed(20, 'rst')])).toMatchObject({ closedBy: 'both' })
  })
})

test('a connection that stayed open gives no idle timeout', () => {
  const open: Sample = { status: 404, header: null, outcome: 'open', idleMs: 120_000, closedBy: null }
  expect(summarize([open])).toMatchObject({ state: 'open', idleTimeoutMs: null, openForMs: 120_000, status: 404 })
})

test('a connection that ended with its answer gives none either', () => {
  const ended: Sample = { status: 200, header: null, outcome: 'not_kept', idleMs: null, closedBy: null }
  expect(summarize([ended])).toMatchObject({ state: 'not_kept', idleTimeoutMs: null, openForMs: null })
})

test.each([
  [5_003, 4_000],
  [75_010, 74_000],
  [2_000, 1_000],
  [1_999, 999],
  [400, 200],
  [1, 1],
])('below %d ms a gateway is safe with %d ms', (lowest, safer) => {
  expect(saferTimeoutMs(lowest)).toBe(safer)
})
