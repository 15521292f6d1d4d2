import { describe, expect, test } from '@jest/globals'
import { RunObserver } from '../../src/observability/observer.js'
import { toShipperDocument } from '../../src/observability/shipper-document.js'
import type { Snapshot } from '../../src/observability/snapshot.js'
import type { ShipperDocument } from '../../src/records.js'
import type { Sink } from '../../src/sinks/sink.js'

const NOW = Date.parse('2021-06-23T12:00:00Z')
const agent = { name: 'host-1', id: '5f0c', version: '1.2.3' }

const snapshot = (changes: Partial<Snapshot> = {}): Snapshot => ({
  ...new RunObserver().snapshot,
  takenMs: NOW,
  ...changes,
})

const ledger = (lines: number) => ({ lines, events: lines - 3, plain: 1, stats: 0, continuations: 0, rejections: 2 })

const sink = (sink: string, retries: number, refused: number) => ({ sink, stored: 0, retries, refused })

describe('a sign of life', () => {
  test('says who and when, and of a run that has read nothing no lag', () => {
    const document = toShipperDocument({ agent, pipeline: 'edge', before: null, current: snapshot() })
    expect(document).toEqual({
      '@timestamp': '2021-06-23T12:00:00.000Z',
      event: { dataset: 'edgemicro.shipper' },
      agent: { type: 'hangup', name: 'host-1', id: '5f0c', version: '1.2.3' },
      edgemicro: {
        shipper: {
          pipeline: 'edge',
          lines: 0,
          events: 0,
          rejections: 0,
          failures: 0,
          orphans: 0,
          evicted: 0,
          late: 0,
          refused: 0,
          retries: 0,
          unsent: 0,
          lag_ms: null,
        },
      },
    })
  })

  test('counts since the last one, over all sinks, and tells what waits and how far behind it is now', () => {
    const before = snapshot({
      ledger: ledger(100),
      failed: 5,
      orphans: 1,
      evicted: 2,
      late: 3,
      unsent: 500,
      sinks: [sink('duckdb', 1, 0), sink('elasticsearch', 2, 3)],
    })
    const current = snapshot({
      ledger: ledger(150),
      failed: 15,
      orphans: 2,
      evicted: 4,
      late: 6,
      unsent: 7,
      sinks: [sink('duckdb', 1, 0), sink('elasticsearch', 12, 23)],
      reachedMs: NOW - 1_234,
    })
    const { shipper } = toShipperDocument({ agent, pipeline: 'edge', before, current }).edgemicro
    expect(shipper).toEqual({
      pipeline: 'edge',
      lines: 50,
      events: 50,
      rejections: 0,
      failures: 10,
      orphans: 1,
      evicted: 2,
      late: 3,
      refused: 20,
      retries: 10,
      unsent: 7,
      lag_ms: 1_234,
    })
  })
})

describe('an observed run', () => {
  function reporting() {
    let nowMs = 0
    const reports: ShipperDocument[] = []
    const observer = new RunObserver({
      reporter: { agent, pipeline: 'edge' },
      now: () => NOW + nowMs,
      monotonicMs: () => nowMs,
    })
    const sinks: Sink[] = [
      { name: 'elasticsearch', write: async () => {}, report: (each) => reports.push(each), close: async () => {} },
      { name: 'stdout', write: async () => {}, close: async () => {} },
    ]
    return {
      observer,
      reports,
      report: (isLast = false) => observer.report(sinks, { isLast }),
      pass: (ms: number) => (nowMs += ms),
    }
  }

  test('gives one a minute, however often its loop turns, and one at its end', () => {
    const { reports, report, pass } = reporting()
    for (let second = 0; second < 150; second++) {
      report()
      pass(1_000)
    }
    expect(reports.map((each) => each['@timestamp'])).toEqual(['2021-06-23T12:01:00.000Z', '2021-06-23T12:02:00.000Z'])
    report(true)
    expect(reports).toHaveLength(3)
  })

  test('counts everything in exactly one of them', () => {
    const { observer, reports, report, pass } = reporting()
    let lines = 0
    observer.started({
      ledger: () => ledger(lines),
      losses: () => ({ evicted: 0, late: 0 }),
      requests: () => [],
      pairs: () => ({ together: 0, apart: 0, alone: 0 }),
      inputLosses: () => [],
      unsent: () => 0,
      partitions: () => [],
      hasTicks: true,
    })
    for (let second = 0; second < 200; second++) {
      lines += 7
      pass(1_000)
      report()
    }
    report(true)
    expect(reports).toHaveLength(4)
    expect(reports.reduce((sum, each) => sum + each.edgemicro.shipper.lines, 0)).toBe(1_400)
  })

  test('gives none where nobody said who it is', () => {
    const observer = new RunObserver()
    const reports: ShipperDocument[] = []
    observer.report(
      [{ name: 's', write: async () => {}, report: (each) => reports.push(each), close: async () => {} }],
      {
        isLast: true,
      },
    )
    expect(reports).toEqual([])
  })
})
