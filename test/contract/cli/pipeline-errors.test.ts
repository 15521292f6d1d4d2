import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { projectDirectory, Sandbox } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
const [log] = corpusRun('d-337-102').logs
const samplePipeline = path.join(projectDirectory, 'pipelines/sample.yaml')

afterAll(() => sandbox.remove())

describe('a pipeline file', () => {
  const bad = [
    'name: bad',
    'source:',
    '  files: { pathz: ["a.log"] }',
    'sinks:',
    '  - duckdbb: { path: "./x.duckdb" }',
    'join: { windw: 5s, lateness: soon }',
    '',
  ].join('\n')

  test('with faults is refused with 2, all faults at once, each with its line and the nearest right key', async () => {
    const file = sandbox.write('bad.yaml', bad)
    const result = await sandbox.hangup(['run', file, '--once'])
    expectError(result, 2)
    const fault = (line: number, ...words: string[]) =>
      new RegExp(`bad\\.yaml:${line}:\\d+.*${words.map((word) => `(?=.*${word})`).join('')}`)
    for (const expected of [fault(3, 'paths'), fault(5, 'duckdb'), fault(6, 'window'), fault(6, 'lateness')]) {
      expect(result.stderr).toMatch(expected)
    }
    expect(fs.existsSync(sandbox.path('x.duckdb'))).toBe(false)
  })

  test('with faults is found bad by check, with 3, and a good one good, with 0', async () => {
    const file = sandbox.write('bad-for-check.yaml', bad)
    const { code, stdout, stderr } = await sandbox.hangup(['check', file])
    expect(code).toBe(3)
    expect(stdout + stderr).toMatch(/bad-for-check\.yaml:3:\d+/)
    expect(await sandbox.hangup(['check', samplePipeline])).toMatchObject({ code: 0 })
  })

  test('that is no YAML, or not there, is refused with its name', async () => {
    const result = await sandbox.hangup(['run', sandbox.write('broken.yaml', 'source: { files: [\n'), '--once'])
    expectError(result, 2)
    expect(result.stderr).toContain('broken.yaml')
    const missing = await sandbox.hangup(['run', sandbox.path('missing.yaml'), '--once'])
    expect([1, 2]).toContain(missing.code)
    expectError(missing, missing.code ?? -1)
    expect(missing.stderr).toContain('missing.yaml')
  })
})

test('a store that another process holds ends with 1, names the store, and loses nothing', async () => {
  const store = sandbox.path('locked.duckdb')
  const environment = { LOGS: log.file, HANGUP_STORE: store }
  const holder = spawn(process.execPath, ['--input-type=module', '-e', holdStore(store)], {
    cwd: projectDirectory,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  const refused = await sandbox.hangup(['run', samplePipeline, '--once'], { environment })
  holder.stdin.end()
  await once(holder, 'close')
  expectError(refused, 1)
  expect(refused.stderr).toContain('locked.duckdb')
  const retried = await sandbox.hangup(['run', samplePipeline, '--once'], { environment })
  expect({ code: retried.code, stderr: retried.code === 0 ? '' : retried.stderr }).toEqual({ code: 0, stderr: '' })
  const counted = await sandbox.hangup(['frequency', '--json', '--by', 'cause', '--store', `duckdb:${store}`])
  expect(JSON.parse(counted.stdout).rows.length).toBeGreaterThan(5)
})

/** Opens the store as another process would, until its input ends. */
function holdStore(store: string): string {
  return `
    import { DuckDBInstance } from '@duckdb/node-api'
    const instance = await DuckDBInstance.create(${JSON.stringify(store)})
    await instance.connect()
    console.log('held')
    process.stdin.resume().on('end', () => process.exit())
  `
}
