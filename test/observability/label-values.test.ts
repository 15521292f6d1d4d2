import { describe, expect, test } from '@jest/globals'
import { LabelValues } from '../../src/observability/label-values.js'

describe('label values', () => {
  test('are the values themselves, and a word for none', () => {
    const values = new LabelValues({ max: 10, absent: 'unknown' })
    expect(values.of('10.0.0.9:8080')).toBe('10.0.0.9:8080')
    expect([values.of(null), values.of('')]).toEqual(['unknown', 'unknown'])
  })

  test('are the first ones that come, then other; the same value always gives the same label', () => {
    const values = new LabelValues({ max: 3, absent: 'unknown' })
    const given = () => ['a', 'b', 'c', 'd', 'e'].map((value) => values.of(value))
    expect(given()).toEqual(['a', 'b', 'c', 'other', 'other'])
    expect(given()).toEqual(['a', 'b', 'c', 'other', 'other'])
  })

  test('that the user named have room whatever comes before them', () => {
    const values = new LabelValues({ max: 2, absent: 'unknown', known: ['orders', 'users', 'pricing'] })
    for (let index = 0; index < 100; index++) values.of(`made-up-${index}`)
    expect(['orders', 'users', 'pricing', 'made-up-0'].map((value) => values.of(value))).toEqual([
      'orders',
      'users',
      'pricing',
      'other',
    ])
  })

  test('hold no control character, whichever it is', () => {
    const values = new LabelValues({ max: 10, absent: 'unknown' })
    expect(values.of('a\0b\nc\rd\x1b[31me\x7ff\x85g')).toBe(
      'a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}[31me\u{fffd}f\u{fffd}g',
    )
  })

  test('are well formed: two lone surrogates, which UTF-8 cannot tell apart, are one value', () => {
    const values = new LabelValues({ max: 10, absent: 'unknown' })
    expect([values.of('a\ud800'), values.of('a\udfff'), values.of('a😀')]).toEqual(['a\u{fffd}', 'a\u{fffd}', 'a😀'])
  })

  test('that are too long are other, and take no room', () => {
    const values = new LabelValues({ max: 1, absent: 'unknown' })
    expect(values.of('x'.repeat(70_000))).toBe('other')
    expect(values.of('x'.repeat(200))).toBe('x'.repeat(200))
  })

  test('that do not look like what they should be are other, and take no room', () => {
    const values = new LabelValues({ max: 1, absent: 'none', pattern: /^[A-Z]+$/ })
    expect([values.of('<script>'), values.of('ECONNRESET')]).toEqual(['other', 'ECONNRESET'])
  })
})
