import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Pool } from '../../src/diagnose/pool.js'

const NONE = Number.NEGATIVE_INFINITY
const MAX_IDLE = 4_096

test('a pool gives from both ends as a list does', () => {
  const steps = fc.array(fc.constantFrom('add', 'newest', 'oldest'), { maxLength: 300 })
  fc.assert(
    fc.property(steps, (all) => {
      const pool = new Pool(1)
      const list: number[] = []
      all.forEach((step, i) => {
        if (step === 'newest') expect(pool.takeNewest()).toBe(list.pop() ?? NONE)
        else if (step === 'oldest') expect(pool.takeOldest()).toBe(list.shift() ?? NONE)
        else {
          pool.add(i)
          list.push(i)
        }
        expect(pool.count).toBe(list.length)
      })
    }),
  )
})

test('a pool that is full forgets its oldest connection alone', () => {
  const pool = new Pool(1)
  for (let i = 0; i <= MAX_IDLE; i++) pool.add(i)
  expect([pool.count, pool.takeOldest(), pool.takeNewest()]).toEqual([MAX_IDLE, 1, MAX_IDLE])
})
