import { expect, test } from '@jest/globals'
import { METRICS } from '../../src/alerts/prometheus.js'
import { METRICS as DECLARED } from '../../src/observability/metrics.js'

test('the rules for Prometheus stand on metrics that we have', () => {
  const names = DECLARED.map(({ name }) => name)
  expect(Object.values(METRICS).filter((name) => !names.includes(name))).toEqual([])
})
