import { describe, expect, test } from '@jest/globals'
import { readDimensions, readEvery, readQuestion } from '../../src/cli/questions.js'
import { ConfigError } from '../../src/errors.js'

describe('readDimensions', () => {
  test('keeps the order and drops repetitions', () => {
    expect(readDimensions('cause, target,cause')).toEqual(['cause', 'target'])
  })

  test('names the nearest dimension for one that is not known', () => {
    expect(() => readDimensions('taget')).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: 'unknown dimension: --by taget',
        hint: expect.stringContaining('did you mean target?'),
      }),
    )
  })
})

describe('readEvery', () => {
  test.each([
    ['1m', 60_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('reads %s', (text, everyMs) => {
    expect(readEvery(text)).toBe(everyMs)
  })

  test.each(['', '0m', '30s', '7m', '2d', '1.5h', 'hourly'])('refuses "%s"', (text) => {
    expect(() => readEvery(text)).toThrow(ConfigError)
  })
})

test('readQuestion asks for all of time at once where no width is given', () => {
  const options = {
    by: 'target',
    json: false,
    csv: false,
    showSecrets: false,
    maskQuery: false,
    debug: false,
    progress: true,
    state: '/s',
    stateGiven: false,
  }
  expect(readQuestion(options, { nowMs: 0 })).toEqual({ by: ['target'], everyMs: null, filter: {} })
})
