import { describe, expect, test } from '@jest/globals'
import { FailureCounts, MAX_FAILURE_SERIES } from '../../src/observability/failure-counts.js'
import { LabelValues } from '../../src/observability/label-values.js'
import type { FailureDocument } from '../../src/records.js'
import { failure } from '../support/documents.js'

const counts = ({ max = 1_000 } = {}) =>
  new FailureCounts({
    target: new LabelValues({ max, absent: 'unknown' }),
    proxy: new LabelValues({ max, absent: 'unknown' }),
  })

const { document } = failure()

function documentOf(
  changes: Partial<FailureDocument['edgemicro']>,
  code: string | null = 'ECONNRESET',
): FailureDocument {
  return { ...document, error: { ...document.error, code }, edgemicro: { ...document.edgemicro, ...changes } }
}

describe('counts of failures', () => {
  test('tell target, proxy, code and cause', () => {
    const failures = counts()
    failures.add('a', documentOf({ target: 't:1', proxy: 'orders', cause: 'premature_close' }), 0)
    failures.add('b', documentOf({ target: null, proxy: null, cause: 'rejected_by_gateway' }, null), 0)
    failures.settle(Number.POSITIVE_INFINITY)
    expect(failures.counts).toEqual([
      { labels: { target: 't:1', proxy: 'orders', code: 'ECONNRESET', cause: 'premature_close' }, count: 1 },
      { labels: { target: 'unknown', proxy: 'unknown', code: 'none', cause: 'rejected_by_gateway' }, count: 1 },
    ])
  })

  test('hold a failure once, with what is known of it two seconds after it was first given out', () => {
    const failures = counts()
    const early = documentOf({ halves: 'both', cause: 'undetermined' })
    const { target_halves } = early.edgemicro
    const later = documentOf({ cause: 'response_aborted', target_halves: [...target_halves, ...target_halves] })
    failures.add('a', early, 0)
    failures.settle(1_999)
    expect(failures.failed).toBe(0)
    failures.add('a', later, 1_999)
    // A half that comes behind stands alone.
    failures.add('a', documentOf({ halves: 'target', cause: 'undetermined', client_half: null }), 1_999)
    failures.settle(2_000)
    failures.add('a', documentOf({ cause: 'target_timeout', target_halves: later.edgemicro.target_halves }), 2_001)
    failures.settle(Number.POSITIVE_INFINITY)
    expect(failures.counts.map(({ labels, count }) => [labels.cause, count])).toEqual([['response_aborted', 1]])
    expect([failures.failed, failures.orphans]).toEqual([1, 0])
  })

  test('hold few back, however many come at once', () => {
    const failures = counts()
    for (let index = 0; index < 25_000; index++) failures.add(`id-${index}`, document, 0)
    expect(failures.failed).toBe(15_000)
  })

  test('leave out what a former process has counted', () => {
    const failures = counts()
    failures.countedBefore('a')
    failures.add('a', document, 0)
    failures.add('b', document, 0)
    failures.settle(Number.POSITIVE_INFINITY)
    expect([failures.failed, failures.counts.length]).toEqual([1, 1])
  })

  test('are bounded in series, whatever the log holds, and lose no failure', () => {
    const failures = counts()
    const total = 30_000
    for (let index = 0; index < total; index++) {
      const each = documentOf({ target: `t:${index % 900}`, proxy: `p${index}` }, `E${Math.floor(index / 900) % 90}`)
      failures.add(`id-${index}`, each, 0)
    }
    failures.settle(Number.POSITIVE_INFINITY)
    expect(failures.counts.length).toBeLessThanOrEqual(MAX_FAILURE_SERIES + 15)
    failures.settle(Number.POSITIVE_INFINITY)
    expect(failures.counts.reduce((sum, { count }) => sum + count, 0)).toBe(total)
    // The target is what alerts stand on.
    expect(new Set(failures.counts.map(({ labels }) => labels.target)).size).toBe(900)
  })

  test('know codes that are names of errors, a hundred of them', () => {
    const failures = counts()
    for (const code of ['', '<b>', 'x y', '5xx', 'é'.repeat(10), 'HPE_INVALID_CONSTANT']) {
      failures.add(`id of ${code}`, documentOf({}, code), 0)
    }
    failures.settle(Number.POSITIVE_INFINITY)
    expect(failures.counts.map(({ labels, count }) => [labels.code, count])).toEqual([
      ['none', 1],
      ['other', 4],
      ['HPE_INVALID_CONSTANT', 1],
    ])
    for (let index = 0; index < 200; index++) failures.add(`id ${index}`, documentOf({}, `E${index}`), 0)
    failures.settle(Number.POSITIVE_INFINITY)
    expect(new Set(failures.counts.map(({ labels }) => labels.code)).size).toBe(100 + 2)
  })
})
