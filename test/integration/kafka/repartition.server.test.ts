import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { describeTopic, lagOf } from '../../../src/sources/kafka/admin.js'
import { corpusLogs, type FutureLog } from '../../fault/logs.js'
import { Random } from '../../fault/random.js'
import { type Rows, readStore } from '../../fault/store.js'
import { finished, projectDirectory, Sandbox } from '../../support/cli.js'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { connectionTo, openProducer, Topics, until } from './support.js'

const PARTITIONS = 4
const PIPELINE = path.join(projectDirectory, 'pipelines/kafka-to-duckdb.yaml')
const NONE = ['--set', 'source.kafka.partitionedBy=none']

const sandbox = new Sandbox()
let kafka: KafkaServer
let topics: Topics
let random: Random

beforeAll(async () => {
  random = Random.fromEnvironment()
  process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
  kafka = await startKafka()
  topics = new Topics(kafka.brokers)
  await topics.admin.connect()
}, 300_000)

afterAll(async () => {
  await topics?.admin.disconnect()
  await kafka?.remove()
  sandbox.remove()
})

interface Instance {
  readonly store: string
  readonly environment: Readonly<Record<string, string>>
}

function instanceOf(topic: string, name: string): Instance {
  const state = sandbox.path(topic, name)
  fs.mkdirSync(state, { recursive: true })
  fs.writeFileSync(path.join(state, 'redact.key'), '0123456789abcdef'.repeat(4), { mode: 0o600 })
  const store = path.join(state, 'store.duckdb')
  return {
    store,
    environment: {
      KAFKA_BROKERS: kafka.brokers.join(','),
      KAFKA_TOPIC: topic,
      KAFKA_GROUP: `group ${topic}`,
      HANGUP_STATE: state,
      HANGUP_STORE: store,
    },
  }
}

/** Each line in whatever partition, as a shipper without keys does it; `isNamed`: with its file. */
async function scatter(topic: string, logs: readonly FutureLog[], { isNamed }: { isNamed: boolean }): Promise<void> {
  const producer = openProducer(kafka.brokers, topic)
  for (const { name, bytes } of logs) {
    const byPartition = Array.from(
      { length: PARTITIONS },
      (): { value: Buffer; headers?: Record<string, string> }[] => [],
    )
    for (const line of bytes.toString('latin1').split('\n').slice(0, -1)) {
      const headers = isNamed ? { path: `/var/tmp/${name}` } : undefined
      byPartition[random.between(0, PARTITIONS - 1)].push({ value: Buffer.from(line, 'latin1'), headers })
    }
    await Promise.all(byPartition.map((messages, partition) => producer.send(partition, messages)))
  }
  await producer.close()
}

function start(commandLine: readonly string[], { environment }: Instance) {
  const child = sandbox.start(commandLine, { environment })
  return { child, ended: finished(child, commandLine, 200_000) }
}

const halvesTopic = (topic: string): string => `${topic}-group_${topic}-halves`

async function caughtUp(topic: string): Promise<void> {
  const lag = async (group: string, of: string): Promise<number> =>
    (await lagOf(connectionTo(kafka.brokers), group, of)).reduce((sum, each) => sum + each.lag, 0)
  const isDone = async (): Promise<boolean> =>
    (await lag(`group ${topic}`, topic)) === 0 && (await lag(`group ${topic}-halves`, halvesTopic(topic))) === 0
  await until('both groups have stored everything', () => isDone().catch(() => false), 150_000)
}

const byTime = (a: FutureLog, b: FutureLog): number => Buffer.compare(a.bytes.subarray(0, 24), b.bytes.subarray(0, 24))

/** Without the ids of lines that have none: the gateway's name is in them. */
const told = (failures: Rows): readonly string[] =>
  failures.map(({ id, halves, cause }) => `${String(id).startsWith('line:') ? 'line' : id} ${halves} ${cause}`).sort()

const requests = (rows: Rows): number => rows.reduce((sum, row) => sum + Number(row.requests), 0)

/** One pass over the files themselves. */
async function onePass(logs: readonly FutureLog[]) {
  const instance = instanceOf('direct', `pass-${random.between(0, 1e9)}`)
  const files = logs.map(({ name, bytes }) => sandbox.write(`direct/logs-${random.between(0, 1e9)}/${name}`, bytes))
  const pipeline = path.join(projectDirectory, 'pipelines/tail-to-duckdb.yaml')
  const paths = ['--set', `source.tail.paths=[${files.map((file) => JSON.stringify(file)).join(',')}]`]
  const { code, stderr } = await sandbox.hangup(['run', pipeline, '--once', ...paths], {
    environment: instance.environment,
    timeoutMs: 60_000,
  })
  if (code !== 0) throw new Error(stderr)
  return readStore(instance.store)
}

describe('a topic without a key, whose halves travel apart', () => {
  test.each([
    ['with its files named', true],
    ['with nothing but lines', false],
  ])('%s, ends as one pass does, through the death of its instance', async (_, isNamed) => {
    const topic = await topics.make(PARTITIONS)
    // Where no file is named, all lines have one clock: in the order of time, none is late.
    const logs = ['d-337-102', 'h-337-110', 'i-337-c-error-116'].flatMap(corpusLogs).sort(byTime)
    await scatter(topic, logs.slice(0, 2), { isNamed })
    const instance = instanceOf(topic, 'a')
    const commandLine = ['run', PIPELINE, ...NONE]
    for (let kill = 0; kill < 3; kill++) {
      const { child, ended } = start(commandLine, instance)
      await new Promise((resolve) => setTimeout(resolve, random.between(500, 6_000)))
      child.kill('SIGKILL')
      await ended
    }
    const last = start(commandLine, instance)
    await scatter(topic, logs.slice(2), { isNamed })
    await caughtUp(topic)
    last.child.kill('SIGTERM')
    expect(await last.ended).toMatchObject({ code: 143 })

    expect(await sandbox.hangup(['verify', PIPELINE, ...NONE], instance)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the same'),
    })
    const [stored, direct] = [await readStore(instance.store), await onePass(logs)]
    expect(told(stored.failures)).toEqual(told(direct.failures))
    expect(requests(stored.traffic)).toBe(requests(direct.traffic.filter(({ basis }) => basis === 'lines')))
    const made = await describeTopic(connectionTo(kafka.brokers), halvesTopic(topic))
    expect(made).toHaveLength(PARTITIONS)
  })
})
