import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { readStore } from './fault/store.js'
import { type CliResult, projectDirectory, Sandbox } from './support/cli.js'

const SAMPLES = path.join(projectDirectory, 'pipelines', 'samples')
const PIPELINES = fs.readdirSync(path.join(projectDirectory, 'pipelines')).filter((name) => name.endsWith('.yaml'))

/** Those whose source and sinks this version runs. */
const RUNNABLE = ['sample.yaml', 'tail-to-duckdb.yaml']

const sandbox = new Sandbox()
let report: { readonly failures: number; readonly lines: number }

beforeAll(async () => {
  const { code, stdout, stderr } = await sandbox.hangup(['report', SAMPLES, '--json'])
  if (code !== 0) throw new Error(stderr)
  const { ledger } = JSON.parse(stdout)
  const failures = await sandbox.hangup(['failures', SAMPLES])
  report = { lines: ledger.lines, failures: failures.stdout.split('\n').length - 1 }
})

afterAll(() => sandbox.remove())

const pipeline = (name: string): string => path.join(projectDirectory, 'pipelines', name)

function environmentOf(name: string, logs?: string) {
  const state = sandbox.path(`${name}-state`)
  const store = sandbox.path(`${name}.duckdb`)
  const environment: Record<string, string> = { HANGUP_STATE: state, HANGUP_STORE: store }
  if (logs !== undefined) environment.LOGS = logs
  return { store, state, environment }
}

const linesRead = ({ stderr }: CliResult): number =>
  Number(/read ([\d,]+) lines = /.exec(stderr)?.[1]?.replaceAll(',', '') ?? Number.NaN)

describe('the main job', () => {
  test('ingests the samples, prints the report and the ledger, and ends', async () => {
    const { state, environment } = environmentOf('start')
    const result = await sandbox.hangup(['start'], { environment })
    expect(result).toMatchObject({ code: 0, signal: null })
    expect(linesRead(result)).toBe(report.lines)
    for (const said of ['ECONNRESET', 'backend.example:', 'undetermined']) expect(result.stdout).toContain(said)
    expect((await readStore(path.join(state, 'start.duckdb'))).failures).toHaveLength(report.failures)
  })

  test('ingests the logs that it is given in place of the samples', async () => {
    const [log] = fs.readdirSync(SAMPLES).filter((name) => name.endsWith('.gz'))
    const { state, environment } = environmentOf('start-own')
    const result = await sandbox.hangup(['start', path.join(SAMPLES, log)], { environment })
    expect(result).toMatchObject({ code: 0, signal: null })
    const { failures } = await readStore(path.join(state, 'start.duckdb'))
    expect(failures.length).toBeGreaterThan(0)
    expect(failures.length).toBeLessThan(report.failures)
  })

  test('is what npm start runs, and npm runs what the manifest names', () => {
    const { scripts, bin } = JSON.parse(fs.readFileSync(path.join(projectDirectory, 'package.json'), 'utf8'))
    expect(scripts.start).toBe(`node ${bin.hangup} start`)
    expect(scripts.prestart).toContain('build')
    expect(fs.existsSync(path.join(projectDirectory, bin.hangup))).toBe(true)
  })
})

describe('the shipped pipelines', () => {
  test.each(PIPELINES)('%s is found to be in order', async (name) => {
    const result = await sandbox.hangup(['check', pipeline(name)])
    expect(result).toMatchObject({ code: 0, stderr: '' })
  })

  test.each(RUNNABLE)('%s runs as it stands, with names from the environment', async (name) => {
    const { store, state, environment } = environmentOf(name, `${SAMPLES}/edgemicro-*`)
    const result = await sandbox.hangup(['run', '--once', pipeline(name)], { environment })
    expect(result).toMatchObject({ code: 0, signal: null, stdout: '' })
    expect(linesRead(result)).toBe(report.lines)
    expect((await readStore(store)).failures).toHaveLength(report.failures)
    expect(fs.readdirSync(state)).toContain('redact.key')
  })

  test('sample.yaml reads the samples where nobody names logs, and its store answers as the logs do', async () => {
    const { store, environment } = environmentOf('sample-default')
    const commandLine = ['run', '--once', 'pipelines/sample.yaml']
    expect(await sandbox.hangup(commandLine, { environment, cwd: projectDirectory })).toMatchObject({ code: 0 })
    const question = ['--by', 'target,cause', '--json']
    const fromStore = await sandbox.hangup(['frequency', '--store', `duckdb:${store}`, ...question])
    const fromLogs = await sandbox.hangup(['frequency', SAMPLES, ...question])
    expect(fromStore).toMatchObject({ code: 0 })
    expect(JSON.parse(fromStore.stdout)).toEqual(JSON.parse(fromLogs.stdout))
  })
})
