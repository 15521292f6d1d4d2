import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { cutMiddle, displayWidth, visible, wrap } from '../../../src/cli/terminal/text.js'
import { OBEYED } from '../support.js'

describe('visible', () => {
  test.each([
    ['an escape sequence', '\x1b[31mred', '␛[31mred'],
    ['line breaks and tabs', 'a\r\n\tb', 'a␍␊␉b'],
    ['DEL', 'a\x7f', 'a␡'],
    ['a C1 control', 'a\x9b2J', 'a<U+009B>2J'],
    ['a bidi override', 'abc\u202etxt.exe', 'abc<U+202E>txt.exe'],
    ['a zero width space', 'a\u200bb', 'a<U+200B>b'],
    ['a lone surrogate', 'a\ud800', 'a<U+D800>'],
    ['a line separator', 'a\u2028b', 'a<U+2028>b'],
  ])('shows %s', (_name, hostile, shown) => {
    expect(visible(hostile)).toBe(shown)
  })

  test('leaves ordinary text of any script as it is', () => {
    const text = 't1.backend.example:28021 größer 日本語 🙂'
    expect(visible(text)).toBe(text)
  })

  test('lets nothing through that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(OBEYED)
        expect(visible(text)).not.toContain('\n')
      }),
    )
  })
})

describe('displayWidth', () => {
  test.each([
    ['ASCII', 'abc', 3],
    ['wide letters', '日本', 4],
    ['a combining accent', 'e\u0301', 1],
    ['an emoji', '🙂', 2],
  ])('counts the columns of %s', (_name, text, width) => {
    expect(displayWidth(text)).toBe(width)
  })
})

describe('cutMiddle', () => {
  test('keeps both ends and says with … that something is missing', () => {
    expect(cutMiddle('backend.example:28021', 11)).toBe('backe…28021')
  })

  test('leaves a text alone that fits', () => {
    expect(cutMiddle('abc', 3)).toBe('abc')
  })

  test('never takes more columns than it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(displayWidth(cutMiddle(text, width))).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('wrap', () => {
  test('breaks at blanks', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  })

  test('keeps words together that a no-break space joins', () => {
    expect(wrap('one two\u00a0three', 9)).toEqual(['one', 'two three'])
  })

  test('leaves a word that is too long on a line of its own', () => {
    expect(wrap('a bbbbbbbbbb c', 4)).toEqual(['a', 'bbbbbbbbbb', 'c'])
  })
})
