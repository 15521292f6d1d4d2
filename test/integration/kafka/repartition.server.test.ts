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

interface Writing {
  /** With the name of the file. */
  readonly isNamed: boolean
  /** The partition of a line; any if not said, as by a shipper without keys. */
  readonly place?: (line: string, log: FutureLog) => number
}

const anywhere = (): number => random.between(0, PARTITIONS - 1)

async function write(topic: string, logs: readonly FutureLog[], { isNamed, place = anywhere }: Writing): Promise<void> {
  const producer = openProducer(kafka.brokers, topic)
  for (const log of logs) {
    const { name, bytes } = log
    const byPartition = Array.from(
      { length: PARTITIONS },
      (): { value: Buffer; headers?: Record<string, string> }[] => [],
    )
    for (const line of bytes.toString('latin1').split('\n').slice(0, -1)) {
      const headers = isNamed ? { path: `/var/tmp/${name}` } : undefined
      byPartition[place(line, log) % PARTITIONS].push({ value: Buffer.from(line, 'latin1'), headers })
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
/** Connections are not followed through a topic, so what they alone tell is open. */
const toldByHalves = (cause: unknown): string =>
  ['keepalive_race', 'premature_close'].includes(String(cause)) ? 'undetermined' : String(cause)

const told = (failures: Rows): readonly string[] =>
  failures
    .map(({ id, halves, cause }) => `${String(id).startsWith('line:') ? 'line' : id} ${halves} ${toldByHalves(cause)}`)
    .sort()

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
  test('ends as one pass does where lines name no file, through the death of its instance', async () => {
    const topic = await topics.make(PARTITIONS)
    // Where no file is named, all lines have one clock: in the order of time, none is late.
    const logs = ['d-337-102', 'h-337-110', 'i-337-c-error-116'].flatMap(corpusLogs).sort(byTime)
    await write(topic, logs.slice(0, 2), { isNamed: false })
    const instance = instanceOf(topic, 'a')
    const commandLine = ['run', PIPELINE, ...NONE]
    for (let kill = 0; kill < 3; kill++) {
      const { child, ended } = start(commandLine, instance)
      await new Promise((resolve) => setTimeout(resolve, random.between(500, 6_000)))
      child.kill('SIGKILL')
      await ended
    }
    const last = start(commandLine, instance)
    await write(topic, logs.slice(2), { isNamed: false })
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

describe('the keys of a topic', () => {
  const logs = ['h-337-110', 'd-337-102'].flatMap(corpusLogs)
  const bySource: Writing = { isNamed: true, place: (_, log) => logs.indexOf(log) }
  const byId: Writing = {
    isNamed: true,
    place: (line) => Number.parseInt(/\[([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}/.exec(line)?.[1] ?? '0', 16),
  }

  async function checked(writing: Writing, options: readonly string[] = []) {
    const topic = await topics.make(PARTITIONS)
    await write(topic, logs, writing)
    const partitionedBy = options[0] ?? 'source'
    const pipeline = fs.readFileSync(PIPELINE, 'utf8').replace(/partitionedBy: \w+/, `partitionedBy: ${partitionedBy}`)
    const file = sandbox.write(`${topic}.yaml`, pipeline)
    const instance = instanceOf(topic, 'check')
    const result = await sandbox.hangup(['check', file, '--connect'], { ...instance, timeoutMs: 60_000 })
    return { topic, instance, ...result }
  }

  test('are found to be right where both halves and all lines of a file are on one partition', async () => {
    const { code, stderr } = await checked(bySource)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/both halves on one partition for (\d+) of \1 /),
    })
  })

  test('are found to be wrong where halves are anywhere, with the fix', async () => {
    const { code, stderr } = await checked({ isNamed: false })
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(
        /the halves of \d+ of \d+ requests travel on different partitions.*\n.*partitionedBy: none/,
      ),
    })
  })

  test('are found to be those of requests where the pipeline believes them to be of files', async () => {
    const { code, stderr } = await checked(byId)
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(
        /lines of 2 of 2 files are on several partitions.*\n.*partitionedBy: correlationId/,
      ),
    })
    expect(await checked(byId, ['correlationId'])).toMatchObject({ code: 0 })
  })

  test('are found to be better than they need be for a repartition topic', async () => {
    const { code, stderr } = await checked(byId, ['none'])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('would do without a repartition topic'),
    })
    expect(stderr).toContain('not there yet: a run makes it')
  })

  test('are noticed by a run that reads them, too, with how many there are', async () => {
    const { instance, topic } = await checked({ isNamed: false })
    const { child, ended } = start(['run', PIPELINE], instance)
    await until('it is told', async () => {
      const lags = await lagOf(connectionTo(kafka.brokers), `group ${topic}`, topic)
      return lags.every(({ lag }) => lag === 0)
    })
    child.kill('SIGTERM')
    expect((await ended).stderr).toMatch(/the halves of \d+ of \d+ requests travel on different partitions/)
  })
})
