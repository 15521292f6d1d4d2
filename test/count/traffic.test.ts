import { describe, expect, test } from '@jest/globals'
import { MINUTE_MS, TrafficCounter, type TrafficDimensions } from '../../src/count/traffic.js'
import { T0 } from '../support/documents.js'

const dimensions = (sketch: Partial<TrafficDimensions> = {}): TrafficDimensions => ({
  target: '10.0.0.9:8080',
  proxy: 'v2/orders',
  org: 'acme-eval',
  env: 'test',
  basis: 'lines',
  ...sketch,
})

describe('TrafficCounter', () => {
  test('counts windows that hold their start and not their end', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0, 1, 0)
    counter.add(cell, T0 + MINUTE_MS - 1, 1, 1)
    counter.add(cell, T0 + MINUTE_MS, 1, 0)
    expect(counter.snapshot()).toMatchObject([
      { minuteMs: T0, requests: 2, responses: 1 },
      { minuteMs: T0 + MINUTE_MS, requests: 1, responses: 0 },
    ])
  })

  test('takes no line of a window that the watermark has passed, closed yet or not', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0, 1, 0, T0 + MINUTE_MS - 1)
    counter.add(cell, T0 + MINUTE_MS - 1, 1, 0, T0 + MINUTE_MS)
    expect(counter.snapshot()).toMatchObject([{ minuteMs: T0, requests: 1 }])
    expect(counter.late).toBe(1)
  })

  test('gives the same cell for the same dimensions', () => {
    const counter = new TrafficCounter()
    expect(counter.cellOf(dimensions())).toBe(counter.cellOf(dimensions()))
    expect(counter.cellOf(dimensions())).not.toBe(counter.cellOf(dimensions({ basis: 'stats' })))
    expect(counter.cellOf(dimensions())).not.toBe(counter.cellOf(dimensions({ proxy: null })))
  })

  test('closes windows that the watermark has passed whole, once', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0, 1, 0)
    counter.add(cell, T0 + MINUTE_MS, 1, 0)
    expect(counter.close(T0 + MINUTE_MS - 1)).toEqual([])
    expect(counter.close(T0 + MINUTE_MS)).toMatchObject([{ minuteMs: T0, requests: 1 }])
    expect(counter.close(T0 + MINUTE_MS + 5)).toEqual([])
    expect(counter.open).toBe(1)
  })

  test('tells a line of a closed window as late and does not count it', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0, 1, 0)
    counter.close(T0 + MINUTE_MS)
    counter.add(cell, T0 + 5, 1, 0)
    expect(counter.late).toBe(1)
    expect(counter.snapshot()).toEqual([])
    counter.add(cell, T0 + MINUTE_MS, 1, 0)
    expect(counter.snapshot()).toMatchObject([{ minuteMs: T0 + MINUTE_MS, requests: 1 }])
  })

  test('does not count windows that a run before has stored', () => {
    const counter = new TrafficCounter({ closedUntilMs: T0 })
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0 - 1, 1, 0)
    counter.add(cell, T0, 1, 0)
    expect(counter.snapshot()).toMatchObject([{ minuteMs: T0, requests: 1 }])
  })

  test('keeps windows open when it gives them as a snapshot', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0, 1, 0)
    expect(counter.snapshot()).toEqual(counter.snapshot())
    counter.add(cell, T0, 1, 0)
    expect(counter.snapshot()).toMatchObject([{ requests: 2 }])
  })

  test('gives windows that have grown, and each of them once until it grows again', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.add(cell, T0, 1, 0)
    counter.add(cell, T0 + MINUTE_MS, 1, 0)
    expect(counter.changed()).toHaveLength(2)
    expect(counter.changed()).toEqual([])
    counter.add(cell, T0, 1, 1)
    expect(counter.changed()).toMatchObject([{ minuteMs: T0, requests: 2, responses: 1 }])
    counter.add(cell, T0 + MINUTE_MS, 1, 0)
    expect(counter.close(T0 + 10 * MINUTE_MS)).toMatchObject([{ minuteMs: T0 + MINUTE_MS, requests: 2 }])
    expect(counter.open).toBe(0)
  })

  test('gives no windows of which all lines are read again, and whole ones where a new line is among them', () => {
    const counter = new TrafficCounter()
    const cell = counter.cellOf(dimensions())
    counter.isReplay = true
    for (const minute of [0, 1, 2]) counter.add(cell, T0 + minute * MINUTE_MS, 1, 0)
    expect(counter.close(T0 + MINUTE_MS)).toEqual([])
    expect(counter.changed()).toEqual([])
    counter.isReplay = false
    counter.add(cell, T0 + MINUTE_MS, 1, 0)
    expect(counter.snapshot()).toMatchObject([{ minuteMs: T0 + MINUTE_MS, requests: 2 }])
  })

  test('closes nothing before the first line', () => {
    expect(new TrafficCounter().close(Number.NEGATIVE_INFINITY)).toEqual([])
  })

  test('gives windows in the order of time', () => {
    const counter = new TrafficCounter()
    for (const minute of [2, 0, 1]) {
      counter.add(counter.cellOf(dimensions({ proxy: `${minute}` })), T0 + minute * MINUTE_MS, 1, 0)
    }
    expect(counter.close(T0 + 10 * MINUTE_MS).map(({ minuteMs }) => (minuteMs - T0) / MINUTE_MS)).toEqual([0, 1, 2])
  })

  test('tells the start of the earliest open window', () => {
    const counter = new TrafficCounter()
    expect(counter.earliestMs()).toBe(Number.POSITIVE_INFINITY)
    counter.add(counter.cellOf(dimensions()), T0 + MINUTE_MS + 5, 1, 0)
    counter.add(counter.cellOf(dimensions({ proxy: 'x' })), T0 + 5, 1, 0)
    expect(counter.earliestMs()).toBe(T0)
  })

  test('counts every request where there are more dimensions than it holds', () => {
    const counter = new TrafficCounter()
    const total = 20_100
    for (let i = 0; i < total; i++) counter.add(counter.cellOf(dimensions({ proxy: `p${i}` })), T0, 1, 0)
    const counts = counter.snapshot()
    expect(counts.length).toBeLessThanOrEqual(20_001)
    expect(counts.reduce((sum, { requests }) => sum + requests, 0)).toBe(total)
  })
})
