import { expect, test } from '@jest/globals'
import { ForgottenTotals, requestTotals } from '../../src/count/totals.js'
import { TrafficCounter } from '../../src/count/traffic.js'

const dimensions = { target: 't:1', proxy: 'p', org: 'o', env: 'e', basis: 'lines' } as const

test('requests of partitions that were let go of stay counted', () => {
  const forgotten = new ForgottenTotals()
  for (let partition = 1; partition <= 2; partition++) {
    const traffic = new TrafficCounter({ closedUntilMs: 60_000 })
    traffic.add(traffic.cellOf(dimensions), 60_000, partition, 0)
    traffic.add(traffic.cellOf({ ...dimensions, env: 'other' }), 60_000, 10, 0)
    traffic.add(traffic.cellOf(dimensions), 0, 1, 0)
    expect([...requestTotals(traffic)].map(({ requests }) => requests)).toEqual([partition, 10])
    forgotten.add(traffic)
  }
  expect([...forgotten.requests]).toEqual([{ target: 't:1', proxy: 'p', requests: 23 }])
  expect(forgotten.late).toBe(2)
})
