import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type CliResult, finished, projectDirectory, Sandbox } from '../support/cli.js'
import { count, eventually } from '../support/elasticsearch/cluster.js'
import { startElasticsearch } from '../support/elasticsearch/server.mjs'
import { corpusLogs, corpusRuns, stretched } from './logs.js'
import { Random } from './random.js'
import { storedIn } from './store.js'

const PIPELINE = path.join(projectDirectory, 'pipelines/tail-to-elasticsearch.yaml')

const sandbox = new Sandbox()
let server: Awaited<ReturnType<typeof startElasticsearch>>
let random: Random

beforeAll(async () => {
  random = Random.fromEnvironment()
  process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
  const logs = [
    ...corpusRuns().flatMap(corpusLogs),
    stretched(corpusLogs('c-337-pcap-105')[0], { times: 100, everyMs: 80_000 }),
  ]
  for (const { name, bytes } of logs) sandbox.write(path.join('logs', name), bytes)
  server = await startElasticsearch()
}, 300_000)

afterAll(async () => {
  await server?.remove()
  sandbox.remove()
})

const environment = (prefix: string) => ({
  LOGS: sandbox.path('logs'),
  ELASTICSEARCH_URL: server.url,
  HANGUP_PREFIX: prefix,
})

/** Small requests, one at a time, and much to derive, so that faults come in the middle. */
const SLOWLY = ['batch=64KiB', 'inFlight=1', 'frequency=1s'].flatMap((option) => [
  '--set',
  `sinks[0].elasticsearch.${option}`,
])

async function expectSame(prefix: string): Promise<void> {
  const { code, stdout, stderr } = await sandbox.hangup(['verify', PIPELINE], {
    environment: environment(prefix),
    timeoutMs: 120_000,
  })
  expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toMatchObject({ code: 0 })
  expect(stdout).toMatch(/the same/)
}

test('two runs over the whole corpus leave what one pass gives', async () => {
  for (let run = 0; run < 2; run++) {
    const options = { environment: environment('twice'), timeoutMs: 120_000 }
    const { code, stderr } = await sandbox.hangup(['run', PIPELINE, '--once'], options)
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    await expectSame('twice')
  }
}, 300_000)

test('a server that is killed three times in the middle ends with what one pass gives', async () => {
  const commandLine = ['run', PIPELINE, '--once', ...SLOWLY]
  const child = sandbox.start(commandLine, { environment: environment('killed') })
  child.stdin.end()
  let result: CliResult | null = null
  const ended = finished(child, commandLine, 280_000).then((done) => {
    result = done
  })
  await eventually('documents are stored', async () => (await count('killed-failures*', server)) > 0)
  for (let kill = 0; kill < 3; kill++) {
    await sleep(random.between(100, 500))
    expect(result).toBeNull()
    await server.kill()
    await sleep(random.between(0, 1_000))
    await server.restart()
  }
  await ended
  expect(result).toMatchObject({ code: 0 })
  expect(result!.stderr).toMatch(/cannot be reached|socket hang up|other side closed|ECONNRESET/)
  await expectSame('killed')
}, 300_000)

test('a processor that is killed again and again ends with what one pass gives', async () => {
  const options = { environment: environment('crashed') }
  for (let kill = 0; kill < 4; kill++) {
    const child = sandbox.start(['run', PIPELINE, ...SLOWLY], options)
    const ended = finished(child, ['run'], 60_000)
    await sleep(random.between(500, 2_000))
    child.kill('SIGKILL')
    expect(await ended).toMatchObject({ signal: 'SIGKILL' })
  }
  const child = sandbox.start(['run', PIPELINE], options)
  const ended = finished(child, ['run'], 120_000)
  const checkpoint = sandbox.path('state', 'tail-to-elasticsearch.checkpoint')
  const sizes = fs.readdirSync(sandbox.path('logs')).map((name) => fs.statSync(sandbox.path('logs', name)).size)
  const written = sizes.reduce((sum, size) => sum + size, 0)
  for (let look = 0; look < 200 && storedIn(checkpoint) < written; look++) await sleep(250)
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 143 })
  await expectSame('crashed')
}, 300_000)
