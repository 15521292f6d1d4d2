import { expect, test } from '@jest/globals'
import { differingFields } from '../../src/verify/difference.js'

test('differing fields are told by their paths, in order, with what each side says', () => {
  const input = { b: { c: 1, same: 'x' }, list: [{ d: 1 }, { d: 2 }], only: null, empty: [] }
  const store = { list: [{ d: 1 }, { d: 3 }], b: { same: 'x', c: '1' }, extra: {}, empty: {} }
  expect(differingFields(input, store)).toEqual([
    { field: 'b.c', input: 1, store: '1' },
    { field: 'empty', input: [], store: {} },
    { field: 'extra', store: {} },
    { field: 'list[1].d', input: 2, store: 3 },
    { field: 'only', input: null },
  ])
  expect(differingFields(input, structuredClone(input))).toEqual([])
})

test('a document that is none differs in all fields', () => {
  expect(differingFields({ a: 1 }, undefined)).toEqual([{ field: 'a', input: 1 }])
  expect(differingFields({ a: 1 }, 'text')).toEqual([
    { field: '', store: 'text' },
    { field: 'a', input: 1 },
  ])
})
