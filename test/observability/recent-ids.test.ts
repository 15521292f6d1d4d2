import { describe, expect, test } from '@jest/globals'
import { RecentIds } from '../../src/observability/recent-ids.js'

describe('recent ids', () => {
  test('tell whether an id is new', () => {
    const ids = new RecentIds(10)
    expect([ids.add('a'), ids.add('b'), ids.add('a')]).toEqual([true, true, false])
  })

  test('remember at least as many as they should', () => {
    const ids = new RecentIds(100)
    for (let index = 0; index < 1_000; index++) {
      expect(ids.add(`id-${index}`)).toBe(true)
      expect(ids.add(`id-${Math.max(0, index - 50)}`)).toBe(false)
    }
  })

  test('forget in the end', () => {
    const ids = new RecentIds(10)
    ids.add('a')
    for (let index = 0; index < 20; index++) ids.add(`id-${index}`)
    expect(ids.add('a')).toBe(true)
  })

  test('tell long ones apart by all of their text', () => {
    const ids = new RecentIds(10)
    const long = 'x'.repeat(70_000)
    expect([ids.add(`${long}a`), ids.add(`${long}b`), ids.add(`${long}a`)]).toEqual([true, true, false])
  })
})
