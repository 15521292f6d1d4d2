import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { query } from '../../sinks/duckdb/harness.js'
import { type CliResult, projectDirectory, Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'
import { type CorpusRun, corpusRun, RUNS } from '../../support/truth.js'
import { expectedFailures } from './expected-failures.js'
import { leaks } from './secrets.js'

const samplePipeline = path.join(projectDirectory, 'pipelines/sample.yaml')

/** Debug lines, hostile lines, a console, rotation, stacks, statistics, client halves only. */
const STORED = RUNS.filter((name) => /^(a-337-debug|d-337|f-337|g-337-(console|rotate|stack)|h-|i-316-b)/.test(name))

/** Pairs and orphans in several files; hostile lines. */
const STORED_AGAIN = STORED.filter((name) => /^(g-337-rotate|f-337)/.test(name))

describe.each(STORED)('the store that the sample pipeline fills from %s', (name) => {
  const run = corpusRun(name)
  const expected = expectedFailures(run)
  const sandbox = new Sandbox()
  const store = sandbox.path('store/hangup.duckdb')
  let first: CliResult

  beforeAll(async () => {
    fs.mkdirSync(path.dirname(store), { recursive: true })
    first = await runOnce(sandbox, store, run)
  })
  afterAll(() => sandbox.remove())

  test('is filled without a complaint', () => {
    expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' })
    expect(fs.existsSync(store)).toBe(true)
  })

  test('answers as the logs themselves do, and has every failure once', async () => {
    const fromStore = await frequency(sandbox, ['--store', `duckdb:${store}`])
    const fromLogs = await frequency(sandbox, logsOf(run))
    expect(fromStore).toEqual(fromLogs)
    expect(fromStore.reduce((sum, row) => sum + Number(row.failures), 0)).toBe(expected.length)
  })

  test('has a view with the rates of frequency, where there are any', async () => {
    const question = ['frequency', '--json', '--by', 'target', '--every', '1m', '--store', `duckdb:${store}`]
    const asked: Row[] = JSON.parse((await sandbox.hangup(question)).stdout).rows
    expect(await viewed(store)).toEqual(asked.map(({ start, ...row }) => ({ minute: start, ...row })).sort(byText))
  })

  test('holds no secret, nor does anything else that the run left behind or said', () => {
    const files = fs.readdirSync(sandbox.directory, { recursive: true, withFileTypes: true })
    const written = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name))
    expect(written).toContain(store)
    const leaking = written.map((file) => [file, leaks(run, fs.readFileSync(file, 'utf8'))])
    expect(leaking.filter(([, found]) => found.length > 0)).toEqual([])
    expect(leaks(run, first.stdout + first.stderr)).toEqual([])
  })
})

describe.each(STORED_AGAIN)('the store that a second run meets, of %s,', (name) => {
  const run = corpusRun(name)
  const sandbox = new Sandbox()
  const store = sandbox.path('hangup.duckdb')

  afterAll(() => sandbox.remove())

  test('holds the same as before, whether the run has a checkpoint or starts anew', async () => {
    expect((await runOnce(sandbox, store, run)).code).toBe(0)
    const before = await frequency(sandbox, ['--store', `duckdb:${store}`])
    expect(before.length).toBeGreaterThan(0)
    for (const state of [sandbox.path('state'), sandbox.path('another-state')]) {
      expect((await runOnce(sandbox, store, run, state)).code).toBe(0)
      expect(await frequency(sandbox, ['--store', `duckdb:${store}`])).toEqual(before)
    }
  })
})

function runOnce(sandbox: Sandbox, store: string, run: CorpusRun, state = sandbox.path('state')): Promise<CliResult> {
  const logs = run.gateway === null ? run.logs[0].file : run.directory
  const environment = { LOGS: logs, HANGUP_STORE: store, HANGUP_STATE: state }
  return sandbox.hangup(['run', samplePipeline, '--once'], { environment })
}

function logsOf(run: CorpusRun): readonly string[] {
  return run.logs.map((log) => log.file)
}

type Row = Readonly<Record<string, unknown>>

async function frequency(sandbox: Sandbox, from: readonly string[]): Promise<readonly Row[]> {
  const dimensions = 'target,cause,code,status,proxy,gateway,worker,method'
  const { code, stdout, stderr } = await sandbox.hangup([
    'frequency',
    '--json',
    '--by',
    dimensions,
    '--every',
    '1m',
    ...from,
  ])
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const rows: Row[] = JSON.parse(stdout).rows
  return rows.sort(byText)
}

/** The rows of `frequency_per_minute`, as `frequency` would give them. */
async function viewed(store: string): Promise<readonly Row[]> {
  const sql = `
    SELECT epoch_ms("minute")::DOUBLE AS "minute", target, requests::DOUBLE AS requests, failures::DOUBLE AS failures, rate
    FROM frequency_per_minute`
  const rows = await query(store, sql)
  return rows.map((row) => ({ ...row, minute: new Date(Number(row.minute)).toISOString() })).sort(byText)
}

function byText(a: Row, b: Row): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

test('the view has no rate for an unknown target, for fewer requests than failures, and for requests half known', async () => {
  const sandbox = new Sandbox()
  const store = sandbox.path('hangup.duckdb')
  const log = (gateway: string, ...lines: readonly string[]) =>
    sandbox.write(`logs/edgemicro-${gateway}-1-1-api.log`, `${lines.join('\n')}\n`)
  log(
    'whole',
    infoLine({ correlationId: 'a' }),
    infoLine({ correlationId: 'b' }),
    targetHalf({ correlationId: 'b' }),
    infoLine({ correlationId: 'c', host: 'few:1' }),
    targetHalf({ correlationId: 'c', host: 'few:1' }),
    targetHalf({ correlationId: 'd', host: 'few:1' }),
    infoLine({ correlationId: 'e', host: 'half:1' }),
    clientHalf({ url: 'nowhere/1', correlationId: 'f', status: '404' }),
  )
  log('silent', targetHalf({ correlationId: 'g', host: 'half:1' }))
  const environment = { LOGS: sandbox.path('logs'), HANGUP_STORE: store }
  expect(await sandbox.hangup(['run', samplePipeline, '--once'], { environment })).toMatchObject({ code: 0 })
  const rates = Object.fromEntries(
    (await viewed(store)).map(({ target, requests, rate }) => [target, [requests, rate]]),
  )
  sandbox.remove()
  expect(rates).toEqual({
    '10.0.0.9:8080': [2, 0.5],
    'few:1': [1, null],
    'half:1': [null, null],
    null: [null, null],
  })
})
