import { describe, expect, test } from '@jest/globals'
import { meaningOf } from '../../../src/cli/render/causes.js'
import { renderReport } from '../../../src/cli/render/report-text.js'
import { displayWidth } from '../../../src/cli/terminal/text.js'
import type { Report, TargetReport } from '../../../src/frequency/report.js'
import { CAUSES } from '../../../src/records.js'
import { COLOURED_STYLE, OBEYED, PLAIN_STYLE } from '../support.js'

const NUMBERS = {
  requests: 9_000,
  failures: 210,
  rate: 0.0233,
  rate_low: 0.0204,
  rate_high: 0.0266,
  by_cause: { undetermined: 200, target_timeout: 10 },
  first_failure: '2026-11-23T02:32:06.276Z',
  last_failure: '2026-11-23T03:58:06.000Z',
}

const TARGET: TargetReport = {
  ...NUMBERS,
  target: 't1.backend.example:28021',
  apis: ['v2/orders'],
  idle_timeout_ms: null,
  idle_timeout_low_ms: null,
  idle_timeout_high_ms: null,
  outages: [],
  advice: "compare the target's keep-alive timeout with its log",
}

const REPORT: Report = {
  ...NUMBERS,
  ledger: { lines: 12_345, events: 12_000, plain: 300, stats: 20, continuations: 25, rejections: 0 },
  since: '2026-11-23T02:00:00.000Z',
  until: null,
  by_code: { ECONNRESET: 200, none: 10 },
  by_status: { '502': 200, '504': 10 },
  targets: [TARGET],
  proxies: [{ ...NUMBERS, proxy: 'v2/orders' }],
}

const UNCOUNTED = { requests: null, rate: null, rate_low: null, rate_high: null }

function lines(report: Report, width = 80): string[] {
  return renderReport(report, { width, style: PLAIN_STYLE })
}

function text(report: Report, width = 80): string {
  return lines(report, width).join('\n')
}

describe('renderReport', () => {
  test('begins with how often and how surely', () => {
    expect(lines(REPORT)[0]).toBe('210 of 9,000 requests failed: 2.3 % (95 % certain: 2.0–2.7 %).')
  })

  test('says since when and for how long', () => {
    expect(text(REPORT)).toContain('  since         2026-11-23 02:00:00 UTC\n')
    expect(text(REPORT)).toContain('  first failure 2026-11-23 02:32:06 UTC\n')
    expect(text(REPORT)).toContain('  last failure  2026-11-23 03:58:06 UTC, 1 h 26 min later\n')
    expect(text(REPORT)).not.toContain('until')
  })

  test('shows what to change, targets, APIs, causes, codes and the ledger, in that order', () => {
    const found = [
      '\nWhat to change\n',
      '\nTargets\n',
      '\nAPIs\n',
      '\nWhy\n',
      'error codes',
      'status sent',
      'read 12,345 lines',
    ]
    const positions = found.map((part) => text(REPORT).indexOf(part))
    expect(positions).not.toContain(-1)
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
  })

  test('gives each target its failures, requests and rate', () => {
    expect(text(REPORT)).toMatch(/^ {2}t1\.backend\.example:28021 +210 +9,000 +2\.3 % +2\.0–2\.7 %$/m)
    expect(text(REPORT)).toMatch(/^ {2}v2\/orders +210 +9,000 +2\.3 % +2\.0–2\.7 %$/m)
  })

  test('says what each cause means', () => {
    expect(text(REPORT)).toMatch(/^ {2}undetermined +200 +95 % {2}the log alone does not tell$/m)
    for (const cause of CAUSES) expect(meaningOf(cause).length).toBeGreaterThan(10)
  })

  test('lists codes and statuses with the most frequent first', () => {
    const report = { ...REPORT, by_status: { '404': 1, '502': 200 } }
    expect(text(report)).toMatch(/error codes +ECONNRESET: 200, none: 10\n/)
    expect(text(report)).toMatch(/status sent to clients +502: 200, 404: 1\n/)
  })

  test('accounts for every line', () => {
    const joined = text(REPORT).replaceAll('\n', ' ')
    expect(joined).toContain(
      'read 12,345 lines = 12,000 events + 300 plain + 20 stats + 25 continuations + 0 rejections',
    )
  })

  test.each([60, 80, 120])('fits %d columns with all causes and long names', (width) => {
    const byCause = Object.fromEntries(CAUSES.map((cause) => [cause, 14]))
    const long = { ...TARGET, target: `${'orders.'.repeat(20)}example:28021`, advice: 'long words '.repeat(20) }
    const codes = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`E_CODE_${index}`, 7]))
    const report = { ...REPORT, by_cause: byCause, by_code: codes, targets: [{ ...long, target: 'x:1' }, long] }
    for (const line of lines(report, width)) {
      if (!line.includes('orders.orders.orders') || line.includes('…'))
        expect(displayWidth(line)).toBeLessThanOrEqual(width)
    }
  })

  test.each([60, 70, 80, 90])('keeps numbers and their units together at %d columns', (width) => {
    const advice = 'closes after 5 s of 20 ms, or 3 min 4 s: 12 % '.repeat(20).trim()
    const told = lines({ ...REPORT, targets: [{ ...TARGET, advice }] }, width)
    expect(told.filter((line) => /^\s*(?:s|ms|min|%)\b|^\s*%/.test(line))).toEqual([])
    expect(told.join(' ').replaceAll(/ +/g, ' ')).toContain(advice)
  })

  test('reads the same without colours', () => {
    const coloured = renderReport(REPORT, { width: 80, style: COLOURED_STYLE }).join('\n')
    expect(coloured).toContain('\x1b[')
    expect(coloured.replace(/\x1b\[\d+m/g, '')).toBe(text(REPORT))
  })

  test('says that nothing failed, and how surely', () => {
    const healthy = {
      ...REPORT,
      failures: 0,
      rate: 0,
      rate_low: 0,
      rate_high: 0.00043,
      by_cause: {},
      by_code: {},
      by_status: {},
    }
    const report = { ...healthy, first_failure: null, last_failure: null, targets: [], proxies: [] }
    expect(lines(report)[0]).toBe('No failed request among 9,000 (the rate is surely below 0.043 %).')
    expect(text(report)).not.toMatch(/Targets|Why|What to change/)
    expect(text(report)).toContain('read 12,345 lines')
  })

  test('says that there was nothing to read', () => {
    const ledger = { lines: 0, events: 0, plain: 0, stats: 0, continuations: 0, rejections: 0 }
    const report = { ...REPORT, ...UNCOUNTED, ledger, failures: 0, first_failure: null, last_failure: null }
    expect(lines(report)[0]).toBe('Nothing to report: there is not a single line in these logs.')
  })

  test('says that the logs do not reach into the range, and where they are', () => {
    const report = { ...REPORT, ...UNCOUNTED, failures: 0, first_failure: null, last_failure: null }
    const outside = { minMs: Date.parse('2026-11-20T01:00:00Z'), maxMs: Date.parse('2026-11-20T02:00:00Z') }
    const shown = renderReport(report, { width: 80, style: PLAIN_STYLE }, { outside }).join('\n')
    expect(shown.split('\n').slice(0, 2).join(' ')).toBe(
      'Nothing to report: no lines in this range; these logs go from 2026-11-20 01:00:00 UTC to 2026-11-20 02:00:00 UTC.',
    )
    expect(shown).toContain('  since         2026-11-23 02:00:00 UTC')
  })

  test('says why there is no rate and what to do about it', () => {
    const report = { ...REPORT, ...UNCOUNTED, targets: [{ ...TARGET, ...UNCOUNTED }], proxies: [] }
    expect(lines(report)[0]).toBe('210 requests failed.')
    expect(text(report)).toMatch(/No rate: these logs do not say how many requests were made/)
    expect(text(report)).toContain('logging.level: info')
    expect(text(report)).not.toMatch(/95 % (certain|range)/)
  })

  test('says so where fewer requests were counted than failed', () => {
    const report = { ...REPORT, rate: null, rate_low: null, rate_high: null, requests: 12 }
    expect(text(report)).toContain('these logs tell of 12 requests only')
  })

  test('sums up what does not fit into a table', () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ ...TARGET, target: `t${index}:1` }))
    const healthy = { ...TARGET, target: 'fine:1', failures: 0 }
    expect(text({ ...REPORT, targets: [...many, healthy] })).toContain('  and 5 more with failures, 1 without failures')
  })

  test('a hostile target, API or code never reaches the terminal', () => {
    const hostile = '\x1b[2J\u202eevil\r\n'
    const report = {
      ...REPORT,
      by_code: { [hostile]: 1 },
      by_cause: { [hostile]: 1 },
      targets: [{ ...TARGET, target: hostile, advice: `nothing listens at ${hostile}` }],
      proxies: [{ ...NUMBERS, proxy: hostile }],
    }
    const shown = text(report)
    expect(shown).not.toMatch(OBEYED)
    expect(shown.match(/␛\[2J<U\+202E>evil␍␊/g)).toHaveLength(5)
  })
})
