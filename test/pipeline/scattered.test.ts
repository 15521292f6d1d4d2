import { describe, expect, test } from '@jest/globals'
import { Processor } from '../../src/pipeline/processor.js'
import type { ProcessorOptions } from '../../src/pipeline/processor-options.js'
import type { FailureDocument, TrafficDocument } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { blockOf, clientHalf, infoLine, OTHER_ID, targetHalf, timestamp } from '../support/lines.js'

const STATS = [
  `${timestamp(0)} info 3 worker 3 is online`,
  `${timestamp(1)} stats 3 requests=0, responses=0`,
  `${timestamp(60_000)} stats 3 requests=7, responses=7`,
]

function documentsOf(lines: readonly string[], options: Partial<ProcessorOptions>) {
  const redactor = new Redactor(REDACT_ALL, Buffer.from('secret'))
  const join = { windowMs: 5_000, latenessMs: 60_000, maxPending: 1_000 }
  const processor = new Processor({ redactor, ...join, emit: 'final', ...options })
  processor.process(blockOf(`${lines.join('\n')}\n`))
  processor.finish()
  const documents = processor.take()
  const failures = documents.flatMap(({ kind, document }) => (kind === 'failure' ? [document as FailureDocument] : []))
  const traffic = documents.flatMap(({ kind, document }) => (kind === 'traffic' ? [document as TrafficDocument] : []))
  return { failures, traffic, processor }
}

describe('where lines of a worker come by several partitions', () => {
  const orphan = [infoLine({ at: 0 }), clientHalf({ at: 10, correlationId: OTHER_ID })]

  test('no target is told by other requests', () => {
    expect(documentsOf(orphan, {}).failures[0].edgemicro.target_source).toBe('inferred')
    expect(documentsOf(orphan, { isScattered: true }).failures[0].edgemicro).toMatchObject({
      target: null,
      target_source: 'unknown',
    })
  })

  test('a target is known still where the configuration tells it', () => {
    const proxies = [{ name: 'orders', basePath: '/v2/orders', target: 'orders.acme.example:443' }]
    const { failures } = documentsOf(orphan, { isScattered: true, proxies })
    expect(failures[0].edgemicro.target).toBe('orders.acme.example:443')
  })

  test("requests are counted from their own lines, and not from the gateway's statistics", () => {
    const basisOf = (options: Partial<ProcessorOptions>) =>
      documentsOf([...STATS, infoLine({ at: 90_000, pid: '4' })], options).traffic.map(
        ({ edgemicro }) => edgemicro.basis,
      )
    expect([...new Set(basisOf({}))].sort()).toEqual(['lines', 'stats'])
    expect(basisOf({ isScattered: true })).toEqual(['lines'])
  })
})

describe('lines of failures that are joined elsewhere', () => {
  const given: string[] = []
  const onFailureLine: ProcessorOptions['onFailureLine'] = (view) => given.push(`${view.role}`)
  const lines = [infoLine({ at: 0 }), targetHalf({ at: 1 }), clientHalf({ at: 2 })]

  test('are given away, and counted as lines all the same', () => {
    given.length = 0
    const { failures, traffic, processor } = documentsOf(lines, { onFailureLine })
    expect(given).toHaveLength(2)
    expect(failures).toEqual([])
    expect(traffic).toHaveLength(1)
    expect(processor.ledger.events).toBe(3)
  })

  test('stay where they are if they have no correlation id', () => {
    given.length = 0
    const { failures } = documentsOf([clientHalf({ correlationId: '' })], { onFailureLine })
    expect(given).toEqual([])
    expect(failures).toHaveLength(1)
  })
})
