import { describe, expect, test } from '@jest/globals'
import { createStyle, hasColours } from '../../../src/cli/terminal/style.js'

describe('hasColours', () => {
  test.each([
    ['a terminal has colours', true, {}, true],
    ['a pipe has none', false, {}, false],
    ['NO_COLOR takes them away', true, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR changes nothing', true, { NO_COLOR: '' }, true],
    ['a dumb terminal has none', true, { TERM: 'dumb' }, false],
    ['FORCE_COLOR gives them to a pipe', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0 takes them away', true, { FORCE_COLOR: '0' }, false],
    ['FORCE_COLOR wins over NO_COLOR', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('%s', (_name, isTerminal, environment, expected) => {
    expect(hasColours({ isTerminal, environment })).toBe(expected)
  })
})

describe('createStyle', () => {
  test('wraps text in escape sequences where there are colours', () => {
    expect(createStyle({ isTerminal: true, environment: {} }).red('x')).toBe('\x1b[31mx\x1b[39m')
  })

  test('returns text as it is where there are none', () => {
    const style = createStyle({ isTerminal: false, environment: {} })
    expect([style.bold('x'), style.dim('x'), style.red('x'), style.cyan('x')]).toEqual(['x', 'x', 'x', 'x'])
  })
})
