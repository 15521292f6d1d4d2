import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.js'

describe('a duration', () => {
  test.each([
    ['500ms', 500],
    ['5s', 5000],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
    ['0s', 0],
  ])('reads %s', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs)
  })

  test.each(['', '5', 's', '5 s', '-5s', '5S', '30m1h', '1s1s', '5s ', 'x5s', '5sx', '1e3s', '99999999999999d'])(
    'is not read from %j',
    (text) => {
      expect(parseDuration(text)).toBeNull()
    },
  )

  test('is read back from what it is formatted to', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 * 86_400_000 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs)
      }),
    )
  })
})

describe('a size', () => {
  test.each([
    ['0B', 0],
    ['512KiB', 524_288],
    ['64MiB', 67_108_864],
    ['64 MiB', 67_108_864],
    ['1GB', 1_000_000_000],
    ['1kB', 1000],
    ['1.5KiB', 1536],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '64', '64M', 'MiB', '-1B', '1kiB', '1mb', '1iB', '99999999TiB'])('is not read from %j', (text) => {
    expect(parseSize(text)).toBeNull()
  })

  test('is read back from what it is formatted to', () => {
    fc.assert(
      fc.property(fc.nat(), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes)
      }),
    )
  })
})
