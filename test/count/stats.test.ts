import { describe, expect, test } from '@jest/globals'
import { readCounters, StatsCounter } from '../../src/count/stats.js'
import { takesLinearTime } from '../support/linear.js'

describe('readCounters', () => {
  test('reads the numbers of a record as the gateway writes it', () => {
    const text =
      'treqErrors=24, tresErrors=0, statusCodes={1=0, 2=546, 3=2, 4=7, 5=10}, requests=589, responses=565, ' +
      'connections=undefined, rss=113664000, cpu=[956180, 944360], stats=[object Object]'
    expect({ ...readCounters(text) }).toEqual({
      treqErrors: 24,
      tresErrors: 0,
      'statusCodes.1': 0,
      'statusCodes.2': 546,
      'statusCodes.3': 2,
      'statusCodes.4': 7,
      'statusCodes.5': 10,
      requests: 589,
      responses: 565,
      rss: 113664000,
    })
  })

  test.each([
    ['nothing', ''],
    ['no pairs', 'hello world'],
    ['a number that goes on as a word', 'requests=12x'],
    ['a negative number', 'requests=-12'],
  ])('finds no counter in %s', (_, text) => {
    expect(Object.keys(readCounters(text))).toEqual([])
  })

  test('is not led astray by the names of objects', () => {
    expect(readCounters('__proto__=5, constructor=6').toString).toBeUndefined()
  })

  test.each(['a=', 'a={', 'x', '1=', 'a={1=', '{'])('takes linear time over many %s', (piece) => {
    const linear = takesLinearTime((length) => {
      const text = piece.repeat(length / piece.length)
      return () => readCounters(text)
    })
    expect(linear).toBe(true)
  })
})

describe('StatsCounter', () => {
  const counters = (requests: number, responses = requests) => ({ requests, responses })

  test('gives what a worker counted since its record before', () => {
    const stats = new StatsCounter()
    stats.started(1)
    expect(stats.stats(1, counters(10, 9))).toEqual({ requests: 10, responses: 9 })
    expect(stats.stats(1, counters(15, 15))).toEqual({ requests: 5, responses: 6 })
  })

  test('gives nothing for a first record whose begin was not seen', () => {
    const stats = new StatsCounter()
    expect(stats.stats(1, counters(10))).toBeNull()
    expect(stats.stats(1, counters(12))).toEqual(counters(2))
  })

  test("counts a first record from nought where the process's start was seen", () => {
    const stats = new StatsCounter()
    stats.processStarted()
    expect(stats.stats(1, counters(10))).toEqual(counters(10))
  })

  test('counts from nought where a counter goes back: a new worker of the same number', () => {
    const stats = new StatsCounter()
    stats.started(1)
    stats.stats(1, counters(10))
    expect(stats.stats(1, counters(3, 2))).toEqual({ requests: 3, responses: 2 })
  })

  test('counts from nought where a worker is seen to start again, even past its old count', () => {
    const stats = new StatsCounter()
    stats.started(1)
    stats.stats(1, counters(10))
    stats.started(1)
    expect(stats.stats(1, counters(12))).toEqual(counters(12))
  })

  test('keeps workers apart', () => {
    const stats = new StatsCounter()
    stats.started(1)
    stats.started(2)
    stats.stats(1, counters(10))
    expect(stats.stats(2, counters(4))).toEqual(counters(4))
  })

  test('gives nothing where nothing was counted', () => {
    const stats = new StatsCounter()
    stats.started(1)
    stats.stats(1, counters(10))
    expect(stats.stats(1, counters(10))).toBeNull()
  })

  test("leaves an interval to the lines where they showed this worker's requests", () => {
    const stats = new StatsCounter()
    stats.started(1)
    stats.started(2)
    stats.sawRequest(1)
    expect(stats.stats(1, counters(10))).toBeNull()
    expect(stats.stats(2, counters(4))).toEqual(counters(4))
  })

  test('takes over again where the lines stop', () => {
    const stats = new StatsCounter()
    stats.processStarted()
    stats.sawRequest(1)
    stats.stats(1, counters(10))
    expect(stats.stats(1, counters(13))).toEqual(counters(3))
  })

  test('gives nothing for a record without requests or responses', () => {
    expect(new StatsCounter().stats(1, { requests: 5 })).toBeNull()
    expect(new StatsCounter().stats(1, {})).toBeNull()
  })
})
