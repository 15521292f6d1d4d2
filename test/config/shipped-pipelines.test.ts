import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { loadPipeline } from '../../src/config/load.js'
import type { Environment } from '../../src/config/variables.js'

const DIRECTORY = 'pipelines'
const SAMPLES = join(DIRECTORY, 'samples')
const FILES = readdirSync(DIRECTORY).filter((name) => name.endsWith('.yaml'))

function load(name: string, environment: Environment) {
  const file = join(DIRECTORY, name)
  return loadPipeline(readFileSync(file, 'utf8'), { file, environment })
}

describe('the shipped pipelines', () => {
  test('are there', () => {
    expect(FILES).toEqual(expect.arrayContaining(['sample.yaml', 'tail-to-duckdb.yaml']))
  })

  test.each(FILES)('%s is runnable as it stands, without anything in the environment', (name) => {
    expect(load(name, {}).name).toBe(name.replace('.yaml', ''))
  })

  test.each(['sample.yaml', 'tail-to-duckdb.yaml'])(
    '%s reads its logs, its store and its state from the environment',
    (name) => {
      const config = load(name, { LOGS: 'a.log,b.log', HANGUP_STORE: 'store.duckdb', HANGUP_STATE: 'state' })
      expect(config.source).toMatchObject({ paths: ['a.log', 'b.log'] })
      expect(config.sinks).toEqual([{ kind: 'duckdb', path: 'store.duckdb' }])
      expect(config.state).toEqual({ directory: 'state' })
    },
  )
})

describe('the sample logs', () => {
  const capture = 'races.pcap.gz'
  const logs = readdirSync(SAMPLES).filter((name) => name !== 'README.md' && name !== capture)

  test('keep the names that the gateway gave them', () => {
    for (const name of logs) expect(name).toMatch(/^edgemicro-emg-dev-0[12]-[0-9a-f-]{36}-1-api\.log\.gz$/)
    expect(logs.length).toBeGreaterThanOrEqual(4)
  })

  test('are small', () => {
    const bytes = logs.reduce((sum, name) => sum + statSync(join(SAMPLES, name)).size, 0)
    expect(bytes).toBeLessThan(450_000)
  })

  test('are all described, with their origin', () => {
    const readme = readFileSync(join(SAMPLES, 'README.md'), 'utf8')
    expect(readme).toContain('microgateway-core')
    for (const name of logs)
      expect(readme).toContain(`\`${name.slice('edgemicro-'.length, 'edgemicro-emg-dev-01-01234567'.length)}-…\``)
  })

  test('have a packet capture beside them, small and described', () => {
    expect(statSync(join(SAMPLES, capture)).size).toBeLessThan(50_000)
    expect(readFileSync(join(SAMPLES, 'README.md'), 'utf8')).toContain(`\`${capture}\``)
  })

  test('hold several codes, statistics, both gateway versions and several targets', () => {
    const text = logs.map((name) => gunzipSync(readFileSync(join(SAMPLES, name))).toString()).join('')
    for (const code of ['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH']) {
      expect(text).toContain(`[${code}]`)
    }
    expect(text).toMatch(/^\S+ stats \d+ treqErrors=/m)
    expect(text).toMatch(/^\S+ \[warn\]\[[^\]]+\].*\[targetRequest error\]/m)
    expect(text).toMatch(/^\S+ \[error\]\[[^\]]+\].*\[targetRequest error\]/m)
    expect(new Set(text.match(/\[[a-z0-9.-]+\.backend\.example:\d+\]/g)).size).toBeGreaterThan(5)
  })
})
