import { describe, expect, test } from '@jest/globals'
import { looksLikeTimestamp, TIMESTAMP_LENGTH, TimestampReader } from '../../src/parse/timestamp.js'
import { utf8 } from '../support/lines.js'

const read = (text: string, reader = new TimestampReader()): number => {
  const bytes = utf8(text)
  return reader.read(bytes, 0, bytes.length)
}

describe('TimestampReader', () => {
  test.each([
    '2021-06-23T03:52:24.110Z',
    '2024-02-29T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
    '2026-12-31T00:00:00.001Z',
  ])('reads %s as Date.parse does', (text) => {
    expect(read(`${text} [info]`)).toBe(Date.parse(text))
  })

  test.each([
    ['30 February', '2021-02-30T03:52:24.110Z'],
    ['29 February of a common year', '2021-02-29T03:52:24.110Z'],
    ['month 13', '2021-13-01T03:52:24.110Z'],
    ['hour 24', '2021-06-23T24:00:00.000Z'],
    ['minute 60', '2021-06-23T03:60:24.110Z'],
    ['second 60', '2021-06-23T03:52:60.110Z'],
    ['a letter among the seconds', '2021-06-23T03:52:2x.110Z'],
    ['a letter among the milliseconds', '2021-06-23T03:52:24.1x0Z'],
    ['another zone', '2021-06-23T03:52:24.110+'],
    ['a comma before the milliseconds', '2021-06-23T03:52:24,110Z'],
    ['a blank for the T', '2021-06-23 03:52:24.110Z'],
    ['a text cut short', '2021-06-23T03:52:24.110'],
    ['nothing', ''],
  ])('finds no time in %s', (_, text) => {
    expect(read(text)).toBeNaN()
  })

  test('refuses bad seconds in a minute that it has read before', () => {
    const reader = new TimestampReader()
    expect(read('2021-06-23T03:52:24.110Z', reader)).not.toBeNaN()
    expect(read('2021-06-23T03:52:99.110Z', reader)).toBeNaN()
    expect(read('2021-06-23T03:52:24.110X', reader)).toBeNaN()
    expect(read('2021-06-23T03:52:59.999Z', reader)).toBe(Date.parse('2021-06-23T03:52:59.999Z'))
  })

  test('does not keep a minute that it refused', () => {
    const reader = new TimestampReader()
    expect(read('2021-02-30T03:52:24.110Z', reader)).toBeNaN()
    expect(read('2021-02-30T03:52:24.110Z', reader)).toBeNaN()
  })

  test('goes from minute to minute and back', () => {
    const reader = new TimestampReader()
    for (const text of ['2021-06-23T03:52:24.110Z', '2021-06-23T03:53:00.000Z', '2021-06-23T03:52:59.000Z']) {
      expect(read(text, reader)).toBe(Date.parse(text))
    }
  })

  test('reads nothing behind the end of the line', () => {
    const bytes = utf8('2021-06-23T03:52:24.110Z')
    expect(new TimestampReader().read(bytes, 0, TIMESTAMP_LENGTH - 1)).toBeNaN()
  })
})

describe('looksLikeTimestamp', () => {
  test('takes the shape for one, be its date real or not', () => {
    const bytes = utf8('2021-99-99T99:99:99.999Z')
    expect(looksLikeTimestamp(bytes, 0, bytes.length)).toBe(true)
  })

  test('does not take a plain text for one', () => {
    const bytes = utf8('    at TLSSocket.socketOnEnd (_http_client.js:499:23)')
    expect(looksLikeTimestamp(bytes, 0, bytes.length)).toBe(false)
  })
})
