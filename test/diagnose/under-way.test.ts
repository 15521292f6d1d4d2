import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { RequestsUnderWay } from '../../src/diagnose/under-way.js'

const MISSING = -2
const HORIZON_MS = 1_000

function underWay(maxRequests = 1_000): RequestsUnderWay {
  return new RequestsUnderWay({ maxRequests, horizonMs: HORIZON_MS })
}

describe('a request under way', () => {
  test('is known until it ends', () => {
    const requests = underWay()
    requests.add(7, 0, 500)
    expect([requests.end(7, 10, MISSING), requests.end(7, 10, MISSING)]).toEqual([500, MISSING])
  })

  test('is known for as long as the horizon', () => {
    const idleAfter = (ms: number): number => {
      const requests = underWay()
      requests.add(7, 0, 500)
      return requests.end(7, ms, MISSING)
    }
    expect([idleAfter(HORIZON_MS), idleAfter(HORIZON_MS + 1)]).toEqual([500, MISSING])
  })

  test('is forgotten after so many others, whether these have ended or not', () => {
    const idleBehind = (others: number): number => {
      const requests = underWay(100)
      requests.add(7, 0, 500)
      for (let other = 8; other < 8 + others; other++) {
        requests.add(other, 0, 0)
        if (other % 2 === 0) requests.end(other, 0, MISSING)
      }
      return requests.end(7, 0, MISSING)
    }
    expect([idleBehind(99), idleBehind(100)]).toEqual([500, MISSING])
  })
})

/** Few hashes, so that requests stand in each other's way. */
const steps = fc.array(
  fc.record({ request: fc.nat({ max: 300 }).map((each) => each * 64 + (each % 3)), isEnd: fc.boolean() }),
  { maxLength: 600 },
)

test('requests are told apart as by a map, whatever their hashes', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const requests = underWay()
      const expected = new Map<number, number>()
      all.forEach(({ request, isEnd }, i) => {
        if (isEnd) {
          expect(requests.end(request, 0, MISSING)).toBe(expected.get(request) ?? MISSING)
          expected.delete(request)
        } else {
          requests.add(request, 0, i)
          expected.set(request, i)
        }
      })
      for (const [request, idleMs] of expected) expect(requests.end(request, 0, MISSING)).toBe(idleMs)
    }),
  )
})
