import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { Sandbox } from '../../support/cli.js'
import { clientHalf } from '../../support/lines.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
const log = sandbox.write('logs/edgemicro-gw-1-1-api.log', `${clientHalf()}\n`)

afterAll(() => sandbox.remove())

function pipeline(name: string, source: string, sink: string): string {
  return sandbox.write(`${name}.yaml`, `source:\n  ${source}\nsinks:\n  - ${sink}\n`)
}

const filesTo = (name: string, store: string): string =>
  pipeline(name, `files: { paths: ["${log}"] }`, `duckdb: { path: "${store}" }`)

test('check sees the pipeline as --set makes it', async () => {
  const file = filesTo('set', sandbox.path('set.duckdb'))
  expect(await sandbox.hangup(['check', file, '--set', 'join.window=10s'])).toMatchObject({ code: 0 })
  const checked = await sandbox.hangup(['check', file, '--set', 'join.window=soon'])
  expectError(checked, 3)
  expect(checked.stderr).toContain('join.window: ')
})

describe('check --connect', () => {
  test('makes neither the store nor its directory', async () => {
    const before = contents()
    const file = filesTo('new', sandbox.path('not', 'yet', 'there.duckdb'))
    const { code, stdout, stderr } = await sandbox.hangup(['check', '--connect', file])
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file}: ok\n` })
    expect(stderr).toBe('source: 1 file\nsink duckdb: ok, not there yet\n')
    expect(contents()).toEqual([...before, 'new.yaml'].sort())
  })

  test('tells where Elasticsearch cannot be reached', async () => {
    const file = pipeline('away', 'stdin: {}', "elasticsearch: { node: 'http://127.0.0.1:9' }")
    const checked = await sandbox.hangup(['check', '--connect', file])
    expectError(checked, 3)
    expect(checked.stderr).toMatch(
      /^hangup: Elasticsearch cannot be reached: http:\/\/127\.0\.0\.1:9 \(connect ECONNREFUSED/,
    )
  })

  test('does not change a store that is there', async () => {
    const store = sandbox.path('filled.duckdb')
    const file = filesTo('filled', store)
    expect(await sandbox.hangup(['run', '--once', file])).toMatchObject({ code: 0 })
    const before = { contents: contents(), bytes: fs.readFileSync(store), stats: fs.statSync(store) }
    const { code, stderr } = await sandbox.hangup(['check', '--connect', file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'source: 1 file\nsink duckdb: ok\n' })
    expect(contents()).toEqual(before.contents)
    expect(fs.readFileSync(store).equals(before.bytes)).toBe(true)
    expect(fs.statSync(store).mtimeMs).toBe(before.stats.mtimeMs)
  })

  test.each([
    ['below a file', path.join(log, 'x.duckdb'), /is no directory/],
    ['that is a directory', path.dirname(log), /store/],
    ['that is another file', sandbox.write('text.duckdb', 'x'.repeat(20_000)), /not a DuckDB store/],
  ])('finds a store bad %s', async (_, store, says) => {
    const result = await sandbox.hangup(['check', '--connect', filesTo('bad', store)])
    expectError(result, 3)
    expect(result.stderr).toMatch(says)
  })

  test('finds an input bad that is not there', async () => {
    const file = pipeline('no-input', `files: { paths: ["${sandbox.path('nowhere.log')}"] }`, 'stdout: {}')
    expectError(await sandbox.hangup(['check', '--connect', file]), 3)
  })
})

function contents(): readonly string[] {
  return fs.readdirSync(sandbox.directory, { recursive: true, encoding: 'utf8' }).sort()
}
