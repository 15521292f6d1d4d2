import { describe, expect, test } from '@jest/globals'
import { SeriesLimit } from '../../src/observability/series-limit.js'

const ways = (target: string, proxy: string) => [
  { target, proxy },
  { target, proxy: 'other' },
  { target: 'other', proxy: 'other' },
]

describe('a limit of series', () => {
  test('keeps apart what has room', () => {
    const limit = new SeriesLimit(100)
    expect(limit.admit(ways('a', 'p'))).toEqual({ target: 'a', proxy: 'p' })
    expect(limit.admit(ways('a', 'q'))).toEqual({ target: 'a', proxy: 'q' })
    expect(limit.admit(ways('a', 'p'))).toEqual({ target: 'a', proxy: 'p' })
    expect(limit.size).toBe(2)
  })

  test('gives up the proxy before the target when a flood of proxies has come', () => {
    const limit = new SeriesLimit(100)
    for (let index = 0; index < 1_000; index++) limit.admit(ways('a', `made-up-${index}`))
    expect(limit.admit(ways('b', 'orders'))).toEqual({ target: 'b', proxy: 'other' })
    expect(limit.admit(ways('c', 'orders'))).toEqual({ target: 'c', proxy: 'other' })
  })

  test('is never passed, whatever comes', () => {
    const limit = new SeriesLimit(100)
    for (let index = 0; index < 1_000; index++) limit.admit(ways(`t${index}`, `p${index}`))
    expect(limit.size).toBe(101)
    expect(limit.admit(ways('t999', 'p999'))).toEqual({ target: 'other', proxy: 'other' })
  })

  test('says the same set in the same way for ever, so that no counter goes back', () => {
    const limit = new SeriesLimit(50)
    const all = Array.from({ length: 200 }, (_, index) => ways(`t${index % 40}`, `p${index}`))
    const first = all.map((each) => limit.admit(each))
    expect(all.map((each) => limit.admit(each))).toEqual(first)
  })

  test('tells sets apart whose texts strung together are one', () => {
    const limit = new SeriesLimit(100)
    limit.admit(ways('a', 'b,target:c'))
    expect(limit.admit(ways('a,proxy:b', 'c'))).toEqual({ target: 'a,proxy:b', proxy: 'c' })
    expect(limit.size).toBe(2)
  })
})
