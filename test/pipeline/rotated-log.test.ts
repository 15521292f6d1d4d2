import { expect, test } from '@jest/globals'
import { Processor } from '../../src/pipeline/processor.js'
import type { LineSource } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { blockOf, logSource, timestamp } from '../support/lines.js'

const MINUTE_MS = 60_000

/** Requests that the statistics of logs give which come one after the other. */
function counted(logs: readonly { readonly source: LineSource; readonly lines: readonly string[] }[]): number {
  const processor = new Processor({
    redactor: new Redactor(REDACT_ALL, Buffer.from('secret')),
    windowMs: 5_000,
    latenessMs: MINUTE_MS,
    maxPending: 1_000,
    emit: 'final',
  })
  for (const { source, lines } of logs) processor.process(blockOf(`${lines.join('\n')}\n`, { source }))
  processor.finish()
  const requests = processor.take().map(({ kind, document }) => (kind === 'traffic' ? document.edgemicro.requests : 0))
  return requests.reduce((sum, each) => sum + each, 0)
}

const firstLog = () => logSource({ isFirst: true })
const stats = (minute: number, worker: number, requests: number) =>
  `${timestamp(minute * MINUTE_MS)} stats ${worker} requests=${requests}, responses=${requests}`

test('a worker that the first log of a gateway process tells of first has counted from nought', () => {
  expect(counted([{ source: firstLog(), lines: [stats(0, 1, 5), stats(1, 2, 1_000)] }])).toBe(1_005)
})

test('a log in place of one that a rotator took away is not where the gateway process began', () => {
  const logs = [
    { source: logSource({ isFirst: false }), lines: [stats(0, 1, 5)] },
    { source: firstLog(), lines: [stats(1, 1, 8), stats(2, 2, 1_000)] },
  ]
  expect(counted(logs)).toBe(3)
})
