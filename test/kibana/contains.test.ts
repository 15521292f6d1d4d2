import { describe, expect, test } from '@jest/globals'
import { contains } from '../../src/kibana/contains.js'

describe('what Kibana holds says all that we want', () => {
  test.each([
    ['with fields of its own', { a: 1, b: 2 }, { a: 1 }],
    ['in another order', { b: { d: 2, c: 1 }, a: [1] }, { a: [1], b: { c: 1, d: 2 } }],
    ['as JSON in a text', { x: '{"b":2,"a":1,"more":0}' }, { x: '{"a":1,"b":2}' }],
    ['where nothing is wanted', { a: 1 }, { a: 1, b: undefined }],
  ])('%s', (_, found, wanted) => {
    expect(contains(found, wanted)).toBe(true)
  })

  test.each([
    ['another value', { a: 1 }, { a: 2 }],
    ['another type', { a: '1' }, { a: 1 }],
    ['a missing field', {}, { a: null }],
    ['more elements', { a: [1, 2] }, { a: [1] }],
    ['another text', { x: '{"a":1}' }, { x: '{"a":2}' }],
    ['an array for an object', { a: [] }, { a: {} }],
    ['nothing for an object', { a: null }, { a: {} }],
  ])('not with %s', (_, found, wanted) => {
    expect(contains(found, wanted)).toBe(false)
  })
})
