import { expect, test } from '@jest/globals'
import {
  formatCount,
  formatDuration,
  formatInstant,
  formatShare,
  formatShareRange,
  formatSize,
} from '../../../src/cli/terminal/numbers.js'

test('counts have thousands signs', () => {
  expect([0, 999, 1_234, 12_345_678].map(formatCount)).toEqual(['0', '999', '1,234', '12,345,678'])
})

test('shares have two significant digits', () => {
  expect([0.044, 0.00021, 0.123, 0.5].map(formatShare)).toEqual(['4.4 %', '0.021 %', '12 %', '50 %'])
})

test('only nothing reads as 0 % and only everything as 100 %', () => {
  expect([0, 1, 0.9999, 0.99999, 0.000001].map(formatShare)).toEqual([
    '0 %',
    '100 %',
    '99.99 %',
    '>99.99 %',
    '<0.001 %',
  ])
})

test('an interval names its unit once', () => {
  expect(formatShareRange(0.0207, 0.2)).toBe('2.1–20 %')
})

test.each([
  ['milliseconds', 395, '395 ms'],
  ['short times', 1_234, '1.2 s'],
  ['the last of the short times', 9_949, '9.9 s'],
  ['seconds', 59_400, '59 s'],
  ['a full minute', 59_600, '1 min'],
  ['minutes', 125_000, '2 min 5 s'],
  ['hours', 11_040_000, '3 h 4 min'],
  ['days', 183_600_000, '2 d 3 h'],
])('durations in %s have two units at most', (_name, durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})

test('sizes use powers of 1,000', () => {
  expect([820, 1_400, 450_000_000, 999_999].map(formatSize)).toEqual(['820 B', '1.4 kB', '450 MB', '1.0 MB'])
})

test('instants are in UTC as in the log', () => {
  expect(formatInstant(Date.parse('2026-11-23T02:32:06.276Z'))).toBe('2026-11-23 02:32:06 UTC')
})
