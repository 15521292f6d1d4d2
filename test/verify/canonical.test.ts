import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalText, digestOf } from '../../src/verify/canonical.js'

/** Every object with its keys the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, reversed(each)]),
  )
}

describe('canonicalText', () => {
  test('does not depend on the order of keys', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => expect(canonicalText(reversed(value))).toBe(canonicalText(value))))
  })

  test('is JSON that says the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        expect(JSON.parse(canonicalText(value))).toEqual(JSON.parse(JSON.stringify(value))),
      ),
    )
  })

  test.each([
    ['null and absent', { a: null }, {}],
    ['a number and its text', { a: 1 }, { a: '1' }],
    ['an empty list and an empty object', { a: [] }, { a: {} }],
    ['lists in another order', { a: [1, 2] }, { a: [2, 1] }],
    ['a field elsewhere', { a: { b: 1 } }, { a: {}, b: 1 }],
  ])('tells %s apart', (_, one, other) => {
    expect(canonicalText(one)).not.toBe(canonicalText(other))
  })

  test('takes an undefined field for absent and a lone surrogate for what stores make of it', () => {
    expect(canonicalText({ a: undefined, b: 'x\ud800' })).toBe(canonicalText({ b: 'x\ufffd' }))
  })
})

test('a digest has 16 characters of one byte each', () => {
  expect(digestOf('x')).toMatch(/^[\x00-\xff]{16}$/)
  expect(digestOf('x')).not.toBe(digestOf('y'))
})
