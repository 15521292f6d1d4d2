import { describe, expect, test } from '@jest/globals'
import { isSameJson } from '../../../src/sinks/elasticsearch/same-json.js'

describe('isSameJson', () => {
  test('finds the same in other objects, whatever the order of their fields', () => {
    const one = { a: [1, { b: null }], c: 'text', d: { e: true, f: [] } }
    expect(isSameJson(one, { d: { f: [], e: true }, c: 'text', a: [1, { b: null }] })).toBe(true)
  })

  test.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: null }],
    [{ a: 1, b: null }, { a: 1 }],
    [{ a: [1, 2] }, { a: [1] }],
    [{ a: [1] }, { a: [1, 2] }],
    [{ a: [] }, { a: {} }],
    [{ a: null }, { a: {} }],
    [{ a: { b: 1 } }, { a: { b: 2 } }],
  ])('tells %j from %j', (one, other) => {
    expect(isSameJson(one, other)).toBe(false)
  })
})
