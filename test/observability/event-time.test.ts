import { describe, expect, test } from '@jest/globals'
import { EventTime } from '../../src/observability/event-time.js'

const NOW = Date.parse('2021-06-23T12:00:00Z')
const MINUTE = 60_000

describe('event time', () => {
  test('is unknown before the first line with a time', () => {
    const time = new EventTime()
    time.note('p', Number.NEGATIVE_INFINITY, NOW)
    expect(time.reachedMs(NOW)).toBeNull()
  })

  test('is that of the partition which is furthest behind', () => {
    const time = new EventTime()
    time.note('p', NOW - MINUTE, NOW)
    time.note('q', NOW - 90 * MINUTE, NOW)
    expect(time.reachedMs(NOW)).toBe(NOW - 90 * MINUTE)
  })

  test('does not wait for a partition that has come to its end', () => {
    const time = new EventTime()
    time.note('q', NOW - 90 * MINUTE, NOW)
    time.note('p', NOW + MINUTE, NOW + 2 * MINUTE)
    expect(time.reachedMs(NOW + 2 * MINUTE)).toBe(NOW + MINUTE)
  })

  test('is the latest of all where no lines come any more', () => {
    const time = new EventTime()
    time.note('q', NOW - 90 * MINUTE, NOW)
    time.note('p', NOW - MINUTE, NOW)
    expect(time.reachedMs(NOW + 10 * MINUTE)).toBe(NOW - MINUTE)
  })

  test('does not go back, and not to where a torn time points', () => {
    const time = new EventTime()
    time.note('p', NOW, NOW)
    time.note('p', NOW - MINUTE, NOW)
    time.note('p', NOW + 70 * 365 * 24 * 60 * MINUTE, NOW)
    expect(time.reachedMs(NOW)).toBe(NOW)
  })
})
