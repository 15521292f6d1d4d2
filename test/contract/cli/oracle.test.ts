import { describe, expect, test } from '@jest/globals'
import { corpusRun, RUNS } from '../../support/truth.js'
import { oracleLines } from './oracle.js'

describe('the oracle that the other tests here believe', () => {
  test.each(RUNS)('understands every line of %s', (name) => {
    const lines = oracleLines(corpusRun(name))
    const newlines = corpusRun(name).logs.reduce((sum, log) => sum + log.text.split('\n').length - 1, 0)
    expect(lines.length).toBe(newlines)
  })

  test.each(RUNS)('finds in %s no worker, method, target or Host that the truth does not know', (name) => {
    const run = corpusRun(name)
    for (const { event } of oracleLines(run)) {
      const truth = run.requests.get(event?.correlationId ?? '')
      if (event === null || truth === undefined) continue
      // Of raw requests the truth keeps no header.
      if (truth.host_header !== null) expect([truth.target, truth.host_header]).toContain(event.host)
      expect([event.method, event.pid]).toEqual([truth.method, String(truth.worker)])
    }
  })
})
