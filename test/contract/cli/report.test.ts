import { afterAll, describe, expect, test } from '@jest/globals'
import { type CliResult, Sandbox } from '../../support/cli.js'
import { type CorpusRun, corpusRun, RUNS } from '../../support/truth.js'
import { expectedFailures } from './expected-failures.js'
import { type OracleLine, oracleLines } from './oracle.js'
import { leaks } from './secrets.js'

const sandbox = new Sandbox()
const results = new Map<string, Promise<CliResult>>()

afterAll(() => sandbox.remove())

describe.each(RUNS)('report, on %s,', (name) => {
  const run = corpusRun(name)
  const lines = oracleLines(run)
  const expected = expectedFailures(run)

  test('accounts for every line', async () => {
    const { ledger } = JSON.parse((await reportJson(run)).stdout)
    const count = (kind: OracleLine['kind']) => lines.filter((line) => line.kind === kind).length
    const newlines = run.logs.reduce((sum, log) => sum + log.text.split('\n').length - 1, 0)
    expect(ledger.lines).toBe(newlines)
    const { events, plain, stats, continuations, rejections } = ledger
    expect(events + plain + stats + continuations + rejections).toBe(newlines)
    expect({ events, stats }).toEqual({ events: count('event'), stats: count('stats') })
    // A console also holds lines that no gateway's logger wrote.
    expect(plain + continuations + rejections).toBe(count('plain') + count('other'))
    if (run.gateway !== null) expect({ plain, rejections }).toEqual({ plain: count('plain'), rejections: 0 })
  })

  test('counts each failure once, by cause, by code and by target', async () => {
    const report = JSON.parse((await reportJson(run)).stdout)
    expect(report.failures).toBe(expected.length)
    expect(sum(Object.values(report.by_cause))).toBe(expected.length)
    expect(sum(Object.values(report.by_code))).toBe(expected.length)
    expect(sum(report.targets.map((target: { failures: number }) => target.failures))).toBe(expected.length)
    for (const host of new Set(expected.flatMap((failure) => failure.target.map((half) => half.host)))) {
      const target = report.targets.find((row: { target: string }) => row.target === host)
      expect(target?.failures).toBeGreaterThanOrEqual(
        expected.filter((failure) => failure.target[0]?.host === host).length,
      )
      expect(sum(Object.values(target.by_cause))).toBe(target.failures)
    }
  })

  test('counts requests where the log holds them and gives no rate where it does not', async () => {
    const report = JSON.parse((await reportJson(run)).stdout)
    const requested = lines.filter((line) => line.event?.message === 'targetRequest')
    if (requested.length > 0) expect(report.requests).toBe(requested.length)
    else if (report.requests !== null) {
      // Statistics tell how many, but not for which target.
      expect(lines.some((line) => line.kind === 'stats')).toBe(true)
      expect(report.requests).toBeLessThanOrEqual(run.truth.counts.requests)
    }
    for (const target of report.targets) {
      if (requested.length === 0) expect([target.requests, target.rate]).toEqual([null, null])
      if (target.rate === null) continue
      expect(target.requests).toBe(requested.filter((line) => line.event?.host === target.target).length)
      expect(target.rate).toBeCloseTo(target.failures / target.requests, 6)
      expect(target.rate_low).toBeLessThanOrEqual(target.rate)
      expect(target.rate_high).toBeGreaterThanOrEqual(target.rate)
    }
  })

  test('has every key of the contract and no secret', async () => {
    const { code, stdout, stderr } = await reportJson(run)
    expect({ code, leaks: leaks(run, stdout + stderr) }).toEqual({ code: 0, leaks: [] })
    const report = JSON.parse(stdout)
    const keys = ['ledger', 'since', 'until', 'requests', 'failures', 'by_cause', 'by_code', 'targets']
    expect(Object.keys(report)).toEqual(expect.arrayContaining(keys))
    const rates = ['rate', 'rate_low', 'rate_high']
    const targetKeys = ['target', 'requests', 'failures', ...rates, 'by_cause', 'idle_timeout_ms', 'advice']
    for (const target of report.targets) expect(Object.keys(target)).toEqual(expect.arrayContaining(targetKeys))
  })

  test('tells people the same numbers, without a secret or an escape code', async () => {
    const { code, stdout, stderr } = await sandbox.hangup(['report', ...logsOf(run)])
    expect({ code, leaks: leaks(run, stdout + stderr) }).toEqual({ code: 0, leaks: [] })
    expect(stdout + stderr).not.toContain('\u001b')
    expect(stdout).toContain(lines.length.toLocaleString('en'))
    for (const failure of expected) if (failure.target[0]) expect(stdout).toContain(failure.target[0].host)
  })

  test('has the sums of frequency, whatever the dimensions', async () => {
    const options = ['frequency', '--json', '--by', 'target,cause,code', '--every', '1h']
    const { code, stdout, stderr } = await sandbox.hangup([...options, ...logsOf(run)])
    expect({ code, leaks: leaks(run, stdout + stderr) }).toEqual({ code: 0, leaks: [] })
    const frequency = JSON.parse(stdout)
    expect(frequency).toMatchObject({ by: ['target', 'cause', 'code'], every_ms: 3_600_000 })
    expect(sum(frequency.rows.map((row: { failures: number }) => row.failures))).toBe(expected.length)
  })
})

describe('the advice of report', () => {
  test('names the idle timeout of a target that closes idle connections, and what to set', async () => {
    const report = JSON.parse((await reportJson(corpusRun('e-337-111'))).stdout)
    const [target] = report.targets
    expect(target).toMatchObject({ target: 't3.backend.example:28023', apis: ['v1/search', 'v1/catalog-b', 'users'] })
    expect(Math.abs(target.idle_timeout_ms - 1_000)).toBeLessThan(50)
    expect(target.advice).toMatch(
      /^v1\/search, v1\/catalog-b, users → t3\.backend\.example:28023: 186 of 2,841 requests \(6\.5 %, 5\.7–7\.5\) failed; \d+ are keep-alive races: the target closes idle connections after 1\.\d\d s .* Set its timeout above 5 s, or install the plugin/,
    )
  })

  test('tells what the resets have in common where there are only warn and error lines', async () => {
    const { targets } = JSON.parse((await reportJson(corpusRun('i-337-b-warn-113'))).stdout)
    expect(targets[0].advice).toContain('Of 64 resets, 56 % are EPIPE')
    expect(targets[0].advice).toContain('likely keep-alive races')
    for (const { advice, idle_timeout_ms: timeout } of targets) {
      expect(timeout).toBeNull()
      expect(advice).toContain('logging.level: info')
    }
  })
})

function reportJson(run: CorpusRun): Promise<CliResult> {
  const known = results.get(run.name)
  if (known !== undefined) return known
  const result = sandbox.hangup(['report', '--json', ...logsOf(run)])
  results.set(run.name, result)
  return result
}

function logsOf(run: CorpusRun): readonly string[] {
  return run.logs.map((log) => log.file)
}

function sum(numbers: readonly unknown[]): number {
  return numbers.reduce<number>((total, number) => total + Number(number), 0)
}
