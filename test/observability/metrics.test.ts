import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createMetrics, METRICS } from '../../src/observability/metrics.js'
import { RunObserver } from '../../src/observability/observer.js'
import type { FailureDocument, IndexDocument } from '../../src/records.js'
import { failure } from '../support/documents.js'
import { type Exposition, readExposition } from './exposition.js'

const NOW = Date.parse('2021-06-23T12:00:00Z')

const HOSTILE = [
  '"} 1\nhangup_failures_total{target="forged',
  'a"b\\c\\\\n"',
  '\n# TYPE x counter\n',
  '\r\n\0\x1b',
  '\ud800',
  '\udfff',
  '\ufeff\u2028\uffff',
  'x'.repeat(70_000),
  '{a="b"}',
  'a,proxy:b',
  '__proto__',
  'constructor',
  ' ',
  '\\',
]

const observer = () => new RunObserver({ now: () => NOW, monotonicMs: () => 0 })

async function scrape(observed: RunObserver, pipeline = 'edge'): Promise<Exposition> {
  observed.stopping()
  const metrics = createMetrics({ snapshot: () => observed.snapshot, version: '1.2.3', pipeline })
  expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
  return readExposition(Buffer.from(await metrics.text()))
}

function failureOf(id: string, { code, ...ours }: { target: string; proxy: string; code: string }): IndexDocument {
  const { document } = failure({ id })
  const changed: FailureDocument = {
    ...document,
    error: { ...document.error, code },
    edgemicro: { ...document.edgemicro, ...ours },
  }
  return { kind: 'failure', id, document: changed }
}

describe('metrics', () => {
  test('have names of our own, units in them, and help', () => {
    for (const { name, type, help } of METRICS) {
      expect(name).toMatch(/^hangup_[a-z_]+$/)
      expect(name.endsWith('_total')).toBe(type === 'counter')
      expect(help).toMatch(/^[A-Z].*\.$/)
    }
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length)
  })

  test('are there from the beginning, but for those that nothing is known of yet', async () => {
    const { value, types } = await scrape(observer())
    for (const { name, type } of METRICS) expect(types.get(name)).toBe(type)
    expect(value('hangup_lines_total', { kind: 'event' })).toBe(0)
    expect(value('hangup_rejections_total', { reason: 'too_long' })).toBe(0)
    expect(value('hangup_unsent_documents')).toBe(0)
    expect([value('hangup_lag_seconds'), value('hangup_checkpoint_timestamp_seconds')]).toEqual([undefined, undefined])
    expect(value('hangup_build_info', { version: '1.2.3', pipeline: 'edge' })).toBe(1)
    expect(value('process_start_time_seconds')).toBeGreaterThan(0)
    expect(types.get('process_resident_memory_bytes')).toBe('gauge')
  })

  test('tell the numbers of the run', async () => {
    const observed = observer()
    const sink = observed.watch('duckdb').over({ name: 'duckdb', write: async () => {}, close: async () => {} })
    observed.watch('duckdb').retried('store_busy')
    observed.started({
      ledger: () => ({ lines: 15, events: 5, plain: 4, stats: 3, continuations: 2, rejections: 1 }),
      losses: () => ({ evicted: 6, late: 7 }),
      requests: () => [
        { target: 't:1', proxy: 'orders', requests: 100 },
        { target: 't:1', proxy: 'orders', requests: 20 },
        { target: null, proxy: null, requests: 3 },
      ],
      pairs: () => ({ together: 30, apart: 2, alone: 1 }),
      inputLosses: () => [
        { reason: 'cut', times: 2, bytes: 512 },
        { reason: 'gone', times: 0, bytes: 0 },
      ],
      unsent: () => 8,
      partitions: () => [
        { topic: 'edgemicro', partition: 0, records: 5, reachedMs: NOW - 2_000 },
        { topic: 'edgemicro', partition: 1, records: 0, reachedMs: NOW - 9_000_000 },
        { topic: 'edgemicro', partition: 2, records: 7, reachedMs: null },
      ],
      hasTicks: true,
    })
    observed.rejected('bad_level')
    observed.read(
      { source: { path: 'a', partition: 'a', gateway: null }, bytes: Buffer.alloc(9), offset: 0, last: false },
      NOW - 1_500,
    )
    observed.checkpointSaved()
    const documents = [failureOf('a', { target: 't:1', proxy: 'orders', code: 'ECONNRESET' })]
    observed.gave(documents)
    await sink.write(documents)
    const { value, sumsBy } = await scrape(observed)
    expect(sumsBy('hangup_lines_total', 'kind')).toEqual({
      event: 5,
      plain: 4,
      stats: 3,
      continuation: 2,
      rejection: 1,
    })
    expect(value('hangup_requests_total', { target: 't:1', proxy: 'orders' })).toBe(120)
    expect(value('hangup_requests_total', { target: 'unknown', proxy: 'unknown' })).toBe(3)
    expect(sumsBy('hangup_failures_total', 'target')).toEqual({ 't:1': 1 })
    expect(value('hangup_rejections_total', { reason: 'bad_level' })).toBe(1)
    expect(value('hangup_evicted_failures_total')).toBe(6)
    expect(value('hangup_late_lines_total')).toBe(7)
    expect(sumsBy('hangup_input_losses_total', 'reason')).toEqual({ cut: 2, gone: 0 })
    expect(sumsBy('hangup_lost_bytes_total', 'reason')).toEqual({ cut: 512, gone: 0 })
    expect(value('hangup_unsent_documents')).toBe(8)
    expect(value('hangup_read_bytes_total')).toBe(9)
    expect(value('hangup_lag_seconds')).toBe(1.5)
    expect(sumsBy('hangup_pairs_total', 'halves')).toEqual({ together: 30, apart: 2, alone: 1 })
    expect(sumsBy('hangup_partition_lag_records', 'partition')).toEqual({ 0: 5, 1: 0, 2: 7 })
    expect(sumsBy('hangup_partition_lag_seconds', 'partition')).toEqual({ 0: 2, 1: 0 })
    expect(value('hangup_checkpoint_timestamp_seconds')).toBe(NOW / 1000)
    expect(value('hangup_stored_documents_total', { sink: 'duckdb' })).toBe(1)
    expect(value('hangup_store_retries_total', { sink: 'duckdb' })).toBe(1)
  })

  test('can be read whatever the log wrote, and no failure gets lost or into the series of another', async () => {
    const observed = observer()
    const documents: IndexDocument[] = []
    for (const target of HOSTILE) {
      for (const proxy of HOSTILE) documents.push(failureOf(`id ${documents.length}`, { target, proxy, code: proxy }))
    }
    observed.gave(documents)
    const { samples, sumsBy } = await scrape(observed, 'edge')
    const failures = samples.filter(({ name }) => name === 'hangup_failures_total')
    expect(failures.reduce((sum, { value }) => sum + value, 0)).toBe(documents.length)
    // Both lone surrogates are one value, and the long one is `other`.
    const targets = sumsBy('hangup_failures_total', 'target')
    expect(Object.keys(targets)).toHaveLength(HOSTILE.length - 1)
    expect(targets['a"b\\c\\\\n"']).toBe(HOSTILE.length)
    expect(targets.other).toBe(HOSTILE.length)
    expect(failures.map(({ labels }) => labels.target).join()).not.toMatch(/[\n\r\0]/)
  })

  test('can be read whatever text stands in a label', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
    )
    let observed = observer()
    // Once: what the process is asked for is asked again by each.
    const metrics = createMetrics({ snapshot: () => observed.snapshot, version: '1.2.3', pipeline: 'edge' })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ target: text, proxy: text, code: text }), { maxLength: 30 }),
        async (all) => {
          observed = observer()
          observed.gave(all.map((each, index) => failureOf(`id ${index}`, each)))
          observed.stopping()
          const { sumsBy } = readExposition(Buffer.from(await metrics.text()))
          const total = Object.values(sumsBy('hangup_failures_total', 'cause')).reduce((sum, count) => sum + count, 0)
          expect(total).toBe(all.length)
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('the reader of these tests', () => {
  test.each([
    ['a label that is not closed', 'x{a="b} 1'],
    ['an escape that does not exist', 'x{a="\\t"} 1'],
    ['a series twice', 'x{a="1"} 1\nx{a="1"} 2'],
    ['a sample of no metric', 'y 1'],
    ['a counter below nought', 'x -1'],
    ['no number', 'x one'],
    ['a label twice', 'x{a="1",a="2"} 1'],
  ])('refuses %s', (_, lines) => {
    expect(() => readExposition(Buffer.from(`# HELP x y\n# TYPE x counter\n${lines}\n`))).toThrow()
  })
})
