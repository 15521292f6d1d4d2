import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Claim, shareOut } from '../../../src/sources/kafka/sticky-assigner.js'

const claims = (of: Record<string, readonly [number, readonly number[]]>): ReadonlyMap<string, Claim> =>
  new Map(Object.entries(of).map(([member, [generation, partitions]]) => [member, { generation, partitions }]))

const shared = (count: number, of: Parameters<typeof claims>[0]): Record<string, number[]> =>
  Object.fromEntries(
    shareOut(
      Array.from({ length: count }, (_, partition) => partition),
      claims(of),
    ),
  )

test('a newcomer takes only what the others have too much of', () => {
  expect(shared(6, { a: [1, [0, 1, 2, 3, 4, 5]], b: [-1, []] })).toEqual({ a: [0, 1, 2], b: [3, 4, 5] })
})

test('what a member leaves goes to the others, who keep what they have', () => {
  expect(shared(6, { b: [2, [4, 5]], c: [2, [2, 3]] })).toEqual({ b: [0, 4, 5], c: [1, 2, 3] })
})

test('of two that claim the same partition, the one of the later generation has it', () => {
  expect(shared(2, { a: [3, [0, 1]], b: [5, [1]] })).toEqual({ a: [0], b: [1] })
})

test('partitions that are gone, and members too many, are no hindrance', () => {
  expect(shared(1, { a: [1, [7]], b: [1, [0]], c: [1, []] })).toEqual({ a: [], b: [0], c: [] })
})

test('each partition goes to one member, shares differ by one at most, and nothing moves without need', () => {
  const members = fc.array(fc.tuple(fc.integer({ min: -1, max: 3 }), fc.uniqueArray(fc.nat(12))), { minLength: 1 })
  fc.assert(
    fc.property(fc.nat(12), members, (count, of) => {
      const first = shared(count, Object.fromEntries(of.map((claim, index) => [`m${index}`, claim])))
      const sizes = Object.values(first).map(({ length }) => length)
      expect(
        Object.values(first)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: count }, (_, partition) => partition))
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      const again = Object.fromEntries(Object.entries(first).map(([member, own]) => [member, [9, own] as const]))
      expect(shared(count, again)).toEqual(first)
    }),
  )
})
