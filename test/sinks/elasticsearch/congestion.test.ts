import { describe, expect, test } from '@jest/globals'
import { Congestion } from '../../../src/sinks/elasticsearch/congestion.js'

const KIB = 1024
const MIB = 1024 * KIB

const loadOf = ({ inFlight, batchBytes }: Congestion) => [inFlight, batchBytes]

/** As often as it takes to grow by one step. */
function succeed(congestion: Congestion): number {
  const before = loadOf(congestion)
  for (let successes = 1; ; successes++) {
    congestion.succeeded()
    if (loadOf(congestion).some((value, at) => value !== before[at])) return successes
  }
}

/** Asks for a place; `order` tells who got one. */
function ask(congestion: Congestion, name: string, order: string[]): void {
  void congestion.acquire().then(() => order.push(name))
}

const turn = () => new Promise(setImmediate)

describe('how much is sent at a time', () => {
  test('begins with all that is allowed', () => {
    expect(loadOf(new Congestion({ inFlight: 4, batchBytes: 2 * MIB }))).toEqual([4, 2 * MIB])
  })

  test('is halved each time that the server is busy, down to one request of 64 KiB', () => {
    const congestion = new Congestion({ inFlight: 5, batchBytes: 300 * KIB })
    const loads = Array.from({ length: 4 }, () => {
      congestion.busy()
      return loadOf(congestion)
    })
    expect(loads).toEqual([
      [2, 150 * KIB],
      [1, 75 * KIB],
      [1, 64 * KIB],
      [1, 64 * KIB],
    ])
  })

  test('never becomes more by being halved, where less than 64 KiB is allowed', () => {
    const congestion = new Congestion({ inFlight: 1, batchBytes: 10 * KIB })
    congestion.busy()
    expect(loadOf(congestion)).toEqual([1, 10 * KIB])
  })

  test('grows by one request and an eighth of the bytes after four successes for each request', () => {
    const congestion = new Congestion({ inFlight: 4, batchBytes: 800 * KIB })
    congestion.busy()
    congestion.busy()
    expect(loadOf(congestion)).toEqual([1, 200 * KIB])
    expect([succeed(congestion), loadOf(congestion)]).toEqual([4, [2, 300 * KIB]])
    expect([succeed(congestion), loadOf(congestion)]).toEqual([8, [3, 400 * KIB]])
  })

  test('grows up to what is allowed, and no further', () => {
    const congestion = new Congestion({ inFlight: 2, batchBytes: 800 * KIB })
    congestion.busy()
    for (let successes = 0; successes < 200; successes++) congestion.succeeded()
    expect(loadOf(congestion)).toEqual([2, 800 * KIB])
  })

  test('does not grow by successes from before the server was busy', () => {
    const congestion = new Congestion({ inFlight: 1, batchBytes: 800 * KIB })
    congestion.busy()
    for (let successes = 0; successes < 3; successes++) congestion.succeeded()
    congestion.busy()
    expect(loadOf(congestion)).toEqual([1, 200 * KIB])
    expect(succeed(congestion)).toBe(4)
  })
})

describe('places for requests', () => {
  test('are given at once while there are some, then in the order of asking, each time that one is given back', async () => {
    const congestion = new Congestion({ inFlight: 2, batchBytes: MIB })
    const order: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) ask(congestion, name, order)
    await turn()
    expect(order).toEqual(['a', 'b'])
    congestion.release()
    await turn()
    expect(order).toEqual(['a', 'b', 'c'])
    congestion.release()
    congestion.release()
    await turn()
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('become fewer as soon as requests come back, when the server was busy', async () => {
    const congestion = new Congestion({ inFlight: 4, batchBytes: MIB })
    const order: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(congestion, name, order)
    await turn()
    congestion.busy()
    congestion.release()
    congestion.release()
    await turn()
    // Two are under way still, and no more may be.
    expect(order).toEqual(['a', 'b', 'c', 'd'])
    congestion.release()
    await turn()
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('that come by growth go to those that wait', async () => {
    const congestion = new Congestion({ inFlight: 2, batchBytes: MIB })
    congestion.busy()
    const order: string[] = []
    for (const name of ['a', 'b', 'c']) ask(congestion, name, order)
    await turn()
    expect(order).toEqual(['a'])
    succeed(congestion)
    await turn()
    expect(order).toEqual(['a', 'b'])
  })

  test('are never lost: whatever comes between, all that ask get one in the end', async () => {
    const congestion = new Congestion({ inFlight: 8, batchBytes: MIB })
    let underWay = 0
    let served = 0
    const request = async (number: number): Promise<void> => {
      await congestion.acquire()
      underWay++
      expect(underWay).toBeLessThanOrEqual(8)
      await turn()
      if (number % 7 === 0) congestion.busy()
      else congestion.succeeded()
      underWay--
      congestion.release()
      served++
    }
    await Promise.all(Array.from({ length: 500 }, (_, number) => request(number)))
    expect(served).toBe(500)
  })
})
