import { expect, test } from '@jest/globals'
import { floorMetadata, floorOf } from '../../../src/sources/kafka/floor.js'

test('a floor comes back as it was committed', () => {
  expect(floorOf({ offset: 100, metadata: floorMetadata(42) })).toBe(42)
})

test.each([
  ['nothing', ''],
  ["somebody else's words", 'reset by an operator'],
  ['JSON of another kind', '{"floor":"x"}'],
  ['a number', '7'],
  ['a negative floor', '{"floor":-1}'],
])('with %s in the metadata, reading begins at the committed offset', (_, metadata) => {
  expect(floorOf({ offset: 100, metadata })).toBe(100)
})

test('a floor is never behind what is committed: somebody may have set the offset back and kept the metadata', () => {
  expect(floorOf({ offset: 10, metadata: floorMetadata(42) })).toBe(10)
})
