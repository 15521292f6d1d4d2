import { describe, expect, test } from '@jest/globals'
import { decode, EventView, FIELD_COUNT, Field } from '../src/event-view.js'
import { EVENT_FIELDS } from '../src/records.js'
import { utf8 } from './support/lines.js'

function viewOf(text: string, field: number = Field.host): EventView {
  const view = new EventView()
  view.bytes = utf8(`<${text}>`)
  view.start[field] = 1
  view.end[field] = view.bytes.length - 1
  return view
}

describe('EventView', () => {
  test('has a place for each field of a record', () => {
    expect(FIELD_COUNT).toBe(EVENT_FIELDS.length)
    expect(Object.values(Field)).toEqual(EVENT_FIELDS.map((_, index) => index))
  })

  test.each([
    ['ASCII', 'api.acme.example:8000'],
    ['bytes above 0x7f', 'café ÃŸ \u{1f600}'],
    ['a long text', 'x'.repeat(5_000)],
    ['a long text above 0x7f', `${'é'.repeat(5_000)}`],
    ['line ends of other alphabets', 'a\u0085b\u2028c'],
    ['control bytes', 'a\u0000b\u007fc'],
    ['a byte order mark, which is a part of the text', '\ufeffkey'],
  ])('gives a field as written: %s', (_, text) => {
    expect(viewOf(text).text(Field.host)).toBe(text)
    expect(viewOf(text).knownText(Field.host)).toBe(text)
  })

  test('gives null for an empty field', () => {
    const view = viewOf('')
    expect(view.isEmpty(Field.host)).toBe(true)
    expect(view.text(Field.host)).toBeNull()
    expect(view.knownText(Field.host)).toBeNull()
    expect(view.number(Field.host)).toBeNull()
  })

  test('gives numbers', () => {
    expect(viewOf('0395').number(Field.host)).toBe(395)
    expect(viewOf('-3').number(Field.host)).toBe(-3)
  })

  test('gives a known text anew where the bytes are others', () => {
    const view = viewOf('one')
    expect(view.knownText(Field.host)).toBe('one')
    view.bytes = utf8('<two>')
    expect(view.knownText(Field.host)).toBe('two')
    view.bytes = utf8('<one>')
    expect(view.knownText(Field.host)).toBe('one')
  })
})

describe('decode', () => {
  test('reads invalid UTF-8 as U+FFFD', () => {
    expect(decode(new Uint8Array([0x61, 0xff, 0x62]), 0, 3)).toBe('a\ufffdb')
  })

  test('reads within its bounds', () => {
    expect(decode(utf8('xéy'), 1, 3)).toBe('é')
    expect(decode(utf8('xyz'), 1, 1)).toBe('')
  })

  test('reads any kind of byte array', () => {
    const bytes = new Uint8Array(new ArrayBuffer(8), 2, 3)
    bytes.set(utf8('abc'))
    expect(decode(bytes, 0, 3)).toBe('abc')
    expect(decode(Buffer.from('abc'), 1, 3)).toBe('bc')
  })
})
