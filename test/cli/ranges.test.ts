import { describe, expect, test } from '@jest/globals'
import { readFilter, readTime, reportedRange } from '../../src/cli/ranges.js'
import { ConfigError } from '../../src/errors.js'

/** Monday noon in Madrid, an hour ahead of UTC in winter. */
const NOW = { nowMs: Date.parse('2026-11-23T11:00:00.000Z'), zone: 'Europe/Madrid' }

function read(text: string, reference = NOW): string {
  return new Date(readTime('--since', text, reference)).toISOString()
}

describe('readTime', () => {
  test.each([
    ['now', 'now', '2026-11-23T11:00:00.000Z'],
    ['today as its first moment', 'today', '2026-11-22T23:00:00.000Z'],
    ['yesterday as its first moment', 'yesterday', '2026-11-21T23:00:00.000Z'],
    ['any case', 'Yesterday', '2026-11-21T23:00:00.000Z'],
    ['hours ago', '2h', '2026-11-23T09:00:00.000Z'],
    ['minutes ago', '30m', '2026-11-23T10:30:00.000Z'],
    ['days ago', '3d', '2026-11-20T11:00:00.000Z'],
    ['several units', '1h30m', '2026-11-23T09:30:00.000Z'],
    ['a date in the local zone', '2026-11-20', '2026-11-19T23:00:00.000Z'],
    ['a time in the local zone', '2026-11-20T14:30', '2026-11-20T13:30:00.000Z'],
    ['a blank in place of the T', '2026-11-20 14:30:15', '2026-11-20T13:30:15.000Z'],
    ['UTC', '2026-11-20T14:30:00.123Z', '2026-11-20T14:30:00.123Z'],
    ['an offset of its own', '2026-11-20T14:30-03:00', '2026-11-20T17:30:00.000Z'],
    ['a time of today', '9:05', '2026-11-23T08:05:00.000Z'],
  ])('reads %s', (_name, text, expected) => {
    expect(read(text)).toBe(expected)
  })

  test('finds the first moment of yesterday across a change of the clocks', () => {
    expect(read('yesterday', { ...NOW, nowMs: Date.parse('2026-10-26T12:00:00Z') })).toBe('2026-10-24T22:00:00.000Z')
  })

  test.each([
    '',
    'tomorrowish',
    '2026-02-30',
    '2026-13-01',
    '25:00',
    '2h ago please',
    '-2h',
    '12',
    '2026',
    '99999999999999w',
  ])('refuses "%s" and says how to write a time', (text) => {
    expect(() => read(text)).toThrow(ConfigError)
    expect(() => read(text)).toThrow(`not a time: --since ${text}`)
  })
})

describe('readFilter', () => {
  test('is empty where nothing was asked for', () => {
    expect(readFilter({}, NOW)).toEqual({})
  })

  test('holds all that was asked for', () => {
    const options = { since: '2h', until: 'now', code: 'EPIPE', target: 'a:1', proxy: '/v2/orders' }
    expect(readFilter(options, NOW)).toEqual({
      sinceMs: NOW.nowMs - 7_200_000,
      untilMs: NOW.nowMs,
      code: 'EPIPE',
      target: 'a:1',
      proxy: 'v2/orders',
    })
  })

  test('refuses a range in which nothing lies', () => {
    expect(() => readFilter({ since: '1h', until: '2h' }, NOW)).toThrow(
      'nothing lies between: --since 1h and --until 2h',
    )
  })
})

describe('reportedRange', () => {
  const read = { minMs: 1_000, maxMs: 2_000 }

  test('is what was read where nothing bounds it', () => {
    expect(reportedRange({}, read)).toEqual({ sinceMs: 1_000, untilMs: 2_000, outside: null })
    expect(reportedRange({}, null)).toEqual({ sinceMs: null, untilMs: null, outside: null })
  })

  test('is what was asked for, as far as that goes', () => {
    expect(reportedRange({ sinceMs: 1_500 }, read)).toEqual({ sinceMs: 1_500, untilMs: 2_000, outside: null })
    expect(reportedRange({ sinceMs: 2_000 }, read)).toEqual({ sinceMs: 2_000, untilMs: 2_000, outside: null })
    expect(reportedRange({ untilMs: 1_001 }, read)).toEqual({ sinceMs: 1_000, untilMs: 1_001, outside: null })
    expect(reportedRange({ sinceMs: 5, untilMs: 6 }, null)).toEqual({ sinceMs: 5, untilMs: 6, outside: null })
  })

  test('does not end before it begins where nothing that was read lies in it', () => {
    expect(reportedRange({ sinceMs: 2_001 }, read)).toEqual({ sinceMs: 2_001, untilMs: null, outside: read })
    expect(reportedRange({ untilMs: 1_000 }, read)).toEqual({ sinceMs: null, untilMs: 1_000, outside: read })
    expect(reportedRange({ sinceMs: 5, untilMs: 6 }, read)).toEqual({ sinceMs: 5, untilMs: 6, outside: read })
  })
})
