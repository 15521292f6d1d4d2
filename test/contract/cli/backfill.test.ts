import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { projectDirectory, Sandbox } from '../../support/cli.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const pipeline = (name: string): string => path.join(projectDirectory, `pipelines/${name}.yaml`)
const topic = pipeline('kafka-to-duckdb')

async function expectRefused(commandLine: readonly string[], message: string): Promise<string> {
  const store = sandbox.path('refused.duckdb')
  // Nobody listens there: what is refused before anything is touched is refused all the same.
  const environment = { KAFKA_BROKERS: '127.0.0.1:9', HANGUP_STORE: store }
  const result = await sandbox.hangup(['run', ...commandLine], { environment })
  expectError(result, 2)
  expect(result.stderr).toContain(`hangup: ${message}`)
  expect([fs.existsSync(store), fs.existsSync(sandbox.path('state'))]).toEqual([false, false])
  return result.stderr
}

describe('--from and --to', () => {
  test.each(['sample', 'tail-to-duckdb'])('are refused for files: %s', async (name) => {
    const kind = name === 'sample' ? 'files' : 'tail'
    const stderr = await expectRefused(
      [pipeline(name), '--from', '2h'],
      `--from and --to are for topics of Kafka: the source of ${name} is ${kind}`,
    )
    expect(stderr).toContain('hangup run PIPELINE --once')
  })

  test('that leave nothing between them are refused', async () => {
    for (const [from, to] of [
      ['today', 'yesterday'],
      ['offset:12', 'offset:12'],
      ['offset:0=3,1=12', 'offset:1=11'],
    ]) {
      await expectRefused([topic, '--from', from, '--to', to], `nothing lies between: --from ${from} and --to ${to}`)
    }
  })

  test('that say nothing known are refused, with what can be written', async () => {
    const stderr = await expectRefused([topic, '--from', 'offset:0:12'], 'not an offset: --from offset:0:12')
    expect(stderr).toContain('offset:0=1234,1=88')
    expect(await expectRefused([topic, '--from', 'soon'], 'no time and no offset: --from soon')).toMatch(
      /yesterday.*offset:1234/,
    )
  })

  test('go together: --to alone is refused', async () => {
    expect(await expectRefused([topic, '--to', 'today'], '--to without --from: today')).toContain('--from beginning')
  })

  test('wait for brokers that are away, and can be stopped meanwhile', async () => {
    const child = sandbox.start(['run', topic, '--from', '2h'], { environment: { KAFKA_BROKERS: '127.0.0.1:9' } })
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
    await new Promise<void>((resolve) => {
      let told = ''
      child.stderr.on('data', (chunk: Buffer) => {
        told += chunk
        if (told.includes('cannot ask about edgemicro')) resolve()
      })
    })
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })
})

test('run --help says what --from means for a time, and how offsets are written', async () => {
  const { stdout } = await sandbox.hangup(['run', '--help'])
  const help = stdout.replace(/\s+/g, ' ')
  for (const text of [
    'when it was sent, as the topic has it',
    'offset:0=1234,1=88',
    '--from yesterday --to today',
    '130 or 143',
  ]) {
    expect(help).toContain(text)
  }
})
