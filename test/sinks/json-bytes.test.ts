import { describe, expect, test } from '@jest/globals'
import { constant, isPlain, JsonBytes } from '../../src/sinks/json-bytes.js'
import { utf8 } from '../support/lines.js'

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const viewOf = (text: string): DataView => new DataView(utf8(`${text}    `).buffer)

describe('JsonBytes', () => {
  test.each(['', 'a', 'ab', 'abc', 'abcd', 'abcde', '{"é":"', 'ü'])('writes the constant %p', (text) => {
    const out = new JsonBytes()
    out.raw(constant(text))
    out.raw(constant('|'))
    expect(textOf(out.take())).toBe(`${text}|`)
  })

  test.each([0, 1, 9, 10, 12_345, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1])('writes the integer %p', (value) => {
    const out = new JsonBytes()
    out.integer(value)
    expect(textOf(out.take())).toBe(`${value}`)
  })

  test.each([
    ['digits', '502', '502'],
    ['leading noughts', '0050', '50'],
    ['noughts', '000', '0'],
    ['nothing', '', 'null'],
    ['a sign', '-3', '-3'],
  ])('writes a number of %s', (_, text, json) => {
    const out = new JsonBytes()
    out.number(viewOf(text), 0, text.length)
    expect(textOf(out.take())).toBe(json)
  })

  test('writes fields of any length behind their names', () => {
    const texts = ['', 'a', 'ab', 'abc', 'abcd', 'abcde']
    const input = viewOf(texts.join(''))
    const ends = Int32Array.from(texts.map((_, i) => texts.slice(0, i + 1).join('').length))
    const starts = Int32Array.from(ends, (end, i) => end - texts[i].length)
    const out = new JsonBytes()
    out.fields(
      texts.map((_, i) => constant(`,"${i}":`)),
      input,
      starts,
      ends,
      0,
      5,
    )
    expect(textOf(out.take())).toBe(',"0":null,"1":"a","2":"ab","3":"abc","4":"abcd","5":"abcde"')
  })

  test.each(['', 'plain', 'a "quote" and a \\', 'line\n', 'ü', '\ud800', '\u007f', 'x'.repeat(300)])(
    'writes %j behind its name, first and again',
    (text) => {
      const out = new JsonBytes()
      const name = constant(',"a":')
      out.member(name, text)
      out.known(name, text)
      out.known(name, text)
      expect(textOf(out.take())).toBe(`,"a":${JSON.stringify(text)}`.repeat(3))
    },
  )

  test.each([0, 7, -3, 0.5, 2 ** 31, 395_000_000_000, null])('writes %p behind its name', (value) => {
    const out = new JsonBytes()
    out.member(constant('"a":'), value)
    expect(textOf(out.take())).toBe(`"a":${value}`)
  })

  test('makes room for each text', () => {
    const out = new JsonBytes()
    const [plain, escaped] = ['x'.repeat(1 << 20), '"'.repeat(1 << 20)]
    out.member(constant(''), plain)
    out.member(constant(''), escaped)
    for (let i = 0; i < 10_000; i++) out.known(constant(''), 'y'.repeat(255))
    expect(textOf(out.take())).toBe(
      JSON.stringify(plain) + JSON.stringify(escaped) + `"${'y'.repeat(255)}"`.repeat(10_000),
    )
  })

  test('grows as it must', () => {
    const out = new JsonBytes()
    const long = JSON.stringify('é'.repeat(1 << 20))
    out.text(long)
    out.text('|')
    out.reserve(1 << 22)
    out.raw(constant('end'))
    expect(textOf(out.take())).toBe(`${long}|end`)
  })

  test('leaves what was taken as it is until the next time', () => {
    const out = new JsonBytes()
    out.text('one two')
    const taken = out.take(4)
    out.text(' three')
    expect(textOf(taken)).toBe('one ')
    expect(textOf(out.take())).toBe('two three')
    expect(out.length).toBe(0)
  })

  test('keeps more than it takes', () => {
    const out = new JsonBytes()
    out.text('a')
    out.text('b'.repeat(3 << 20))
    expect(textOf(out.take(1))).toBe('a')
    expect(out.take()).toHaveLength(3 << 20)
  })
})

describe('isPlain', () => {
  test('is true for each byte that JSON takes as it is, at each place, and for no other', () => {
    for (let byte = 0; byte < 256; byte++) {
      const expected = byte >= 0x20 && byte <= 0x7e && byte !== 0x22 && byte !== 0x5c
      for (let place = 0; place < 7; place++) {
        const bytes = utf8('aaaaaaaaaa')
        bytes[place] = byte
        expect([byte, place, isPlain(new DataView(bytes.buffer), 0, 7)]).toEqual([byte, place, expected])
      }
    }
  })

  test('looks at the bytes within the bounds only', () => {
    expect(isPlain(viewOf('"a"'), 1, 2)).toBe(true)
    expect(isPlain(viewOf('"a"'), 1, 3)).toBe(false)
    expect(isPlain(viewOf('"'), 0, 0)).toBe(true)
  })
})
