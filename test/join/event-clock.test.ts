import { describe, expect, test } from '@jest/globals'
import { EventClock } from '../../src/join/event-clock.js'

const LATENESS_MS = 60_000
const HOUR_MS = 3_600_000
const START = 1_600_000_000_000

const clock = (): EventClock => new EventClock({ latenessMs: LATENESS_MS })

describe('EventClock', () => {
  test('knows no time before the first line', () => {
    expect(clock().watermarkMs).toBe(Number.NEGATIVE_INFINITY)
    expect(clock().maxMs).toBe(Number.NEGATIVE_INFINITY)
  })

  test('holds the watermark back by the allowed lateness', () => {
    const one = clock()
    one.observe(1, START - 5)
    one.observe(1, START)
    expect(one.watermarkMs).toBe(START - LATENESS_MS)
    expect(one.maxMs).toBe(START)
  })

  test('goes by the slowest of the active workers', () => {
    const two = clock()
    two.observe(1, START)
    two.observe(2, START)
    two.observe(1, START + 30_000)
    expect(two.watermarkMs).toBe(START - LATENESS_MS)
    two.observe(2, START + 10_000)
    expect(two.watermarkMs).toBe(START + 10_000 - LATENESS_MS)
  })

  test('does not wait for a worker that is silent for longer than the lateness', () => {
    const two = clock()
    two.observe(1, START)
    two.observe(2, START)
    two.observe(2, START + LATENESS_MS)
    expect(two.watermarkMs).toBe(START - LATENESS_MS)
    two.observe(2, START + LATENESS_MS + 1)
    expect(two.watermarkMs).toBe(START + 1)
  })

  test('never goes back, not even for a silent worker that speaks again', () => {
    const two = clock()
    two.observe(1, START)
    two.observe(2, START)
    for (let minute = 1; minute <= 5; minute++) two.observe(2, START + minute * 60_000)
    const before = two.watermarkMs
    two.observe(1, START + 1)
    expect(two.watermarkMs).toBe(before)
  })

  test('never goes back, whatever the order of lines', () => {
    const one = clock()
    let watermark = Number.NEGATIVE_INFINITY
    for (let i = 0; i < 2_000; i++) {
      one.observe(i % 5, START + ((i * 7919) % 100_000) + i * 50)
      const next = one.watermarkMs
      expect(next).toBeGreaterThanOrEqual(watermark)
      watermark = next
    }
  })

  test('is not moved by one line from the future of a known worker', () => {
    const one = clock()
    one.observe(1, START)
    one.observe(1, START + 24 * HOUR_MS)
    expect(one.watermarkMs).toBe(START - LATENESS_MS)
    one.observe(1, START + 5)
    expect(one.watermarkMs).toBe(START + 5 - LATENESS_MS)
  })

  test('is not moved by one line from the future of a new worker', () => {
    const one = clock()
    one.observe(1, START)
    one.observe(2, START + 24 * HOUR_MS)
    expect(one.maxMs).toBe(START)
    expect(one.watermarkMs).toBe(START - LATENESS_MS)
  })

  test('believes no single line', () => {
    const one = clock()
    one.observe(1, START)
    expect(one.watermarkMs).toBe(Number.NEGATIVE_INFINITY)
  })

  test('is not moved by one line from the future that comes first of all', () => {
    const one = clock()
    one.observe(1, START + 24 * HOUR_MS)
    for (let i = 0; i < 10; i++) one.observe(1, START + i)
    expect(one.watermarkMs).toBeLessThan(START)
  })

  test('is not moved by two lines from the future with true ones between them', () => {
    const one = clock()
    one.observe(1, START)
    one.observe(1, START + 24 * HOUR_MS)
    one.observe(1, START + 1)
    one.observe(1, START + 24 * HOUR_MS)
    expect(one.watermarkMs).toBe(START + 1 - LATENESS_MS)
  })

  test('follows a true jump ahead once the next line confirms it', () => {
    const one = clock()
    one.observe(1, START)
    one.observe(1, START + 24 * HOUR_MS)
    one.observe(1, START + 24 * HOUR_MS + 10)
    expect(one.watermarkMs).toBe(START + 24 * HOUR_MS + 10 - LATENESS_MS)
  })

  test('follows a jump within an hour at once', () => {
    const one = clock()
    one.observe(1, START)
    one.observe(1, START + HOUR_MS)
    expect(one.watermarkMs).toBe(START + HOUR_MS - LATENESS_MS)
  })

  test('is not moved by a line from the past', () => {
    const one = clock()
    one.observe(1, START - 5)
    one.observe(1, START)
    one.observe(1, START - 24 * HOUR_MS)
    one.observe(2, START - 24 * HOUR_MS)
    expect(one.watermarkMs).toBe(START - LATENESS_MS)
  })

  test('goes on with a new worker behind one that died', () => {
    const one = clock()
    one.observe(1, START)
    for (let minute = 1; minute <= 130; minute++) {
      one.observe(2, START + minute * 60_000)
      one.watermarkMs
    }
    expect(one.watermarkMs).toBe(START + 130 * 60_000 - LATENESS_MS)
  })
})
