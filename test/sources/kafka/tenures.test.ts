import { expect, test } from '@jest/globals'
import { type Found, planAssignment, type Tenure } from '../../../src/sources/kafka/tenures.js'

const committed = (offset: number, metadata = '') => ({ offset, metadata })

const options = {
  topic: 't',
  startOf: (_: number, at: { offset: number } | null) => (at === null ? ('beginning' as const) : at.offset - 5),
}

function plan(found: Record<number, Found>, held: readonly Tenure[] = []) {
  const all = new Map(Object.entries(found).map(([partition, each]) => [Number(partition), each]))
  return planAssignment(all, new Map(held.map((tenure) => [tenure.partition, tenure])), options)
}

test('a partition begins where it is said, within what is there', () => {
  const { tenures, event, problems } = plan({
    0: { committed: null, low: 3, high: 9 },
    1: { committed: committed(9, 'm'), low: 0, high: 20 },
    2: { committed: committed(9), low: 8, high: 20 },
  })
  expect([...tenures.values()].map(({ position }) => position)).toEqual([3, 4, 8])
  expect(event.gained).toEqual([
    { partition: 0, committed: null },
    { partition: 1, committed: committed(9, 'm') },
    { partition: 2, committed: committed(9) },
  ])
  expect(problems).toEqual([])
})

test('a partition is kept, where the group has what this member may have left there', () => {
  const held: Tenure[] = [
    { partition: 0, position: 30, known: [committed(9, 'a'), committed(12, 'b')] },
    { partition: 1, position: 31, known: [null] },
    { partition: 2, position: 32, known: [committed(9, 'a')] },
    { partition: 3, position: 33, known: [committed(9, 'a')] },
  ]
  const { tenures, event } = plan(
    {
      0: { committed: committed(12, 'b'), low: 0, high: 40 },
      1: { committed: null, low: 0, high: 40 },
      2: { committed: committed(9, 'by another'), low: 0, high: 40 },
    },
    held,
  )
  expect(event).toEqual({
    kind: 'assigned',
    gained: [{ partition: 2, committed: committed(9, 'by another') }],
    kept: [0, 1],
    lost: [3],
  })
  expect(tenures.get(0)).toBe(held[0])
  expect(held[0].known).toEqual([committed(12, 'b')])
  expect(tenures.get(2)).not.toBe(held[2])
})

test('what was deleted before it was read is told, with how much', () => {
  const { tenures, problems } = plan({ 0: { committed: committed(9), low: 12, high: 20 } })
  expect(tenures.get(0)?.position).toBe(12)
  expect(problems.map(({ message }) => message)).toEqual(['messages were deleted before they were read: t/0 (3)'])
})

test('a log that is shorter than what was read of it is read from its beginning, as if nothing was committed', () => {
  const { tenures, event, problems } = plan({ 0: { committed: committed(90), low: 1, high: 20 } })
  expect(tenures.get(0)?.position).toBe(1)
  expect(event.gained).toEqual([{ partition: 0, committed: null }])
  expect(problems.map(({ message }) => message)).toEqual(['the log is shorter than what was read of it: t/0 (90 > 20)'])
})
