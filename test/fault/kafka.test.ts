import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { lagOf } from '../../src/sources/kafka/admin.js'
import { type CliResult, finished, projectDirectory, Sandbox } from '../support/cli.js'
import { count, eventually } from '../support/elasticsearch/cluster.js'
import { type ElasticsearchServer, startElasticsearch } from '../support/elasticsearch/server.mjs'
import { type KafkaServer, startKafka } from '../support/kafka/server.mjs'
import { corpusLogs, corpusRuns, stretched, writeSlowly } from './logs.js'
import { Random } from './random.js'
import { readStore } from './store.js'

const PARTITIONS = 6
const KILLS = 20
const pipeline = (name: string): string => path.join(projectDirectory, `pipelines/${name}.yaml`)

const sandbox = new Sandbox()
const running = new Set<ReturnType<Sandbox['start']>>()
let kafka: KafkaServer
let elasticsearch: ElasticsearchServer
let random: Random

beforeAll(async () => {
  random = Random.fromEnvironment()
  process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
  ;[kafka, elasticsearch] = await Promise.all([startKafka(), startElasticsearch()])
}, 300_000)

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL')
  await Promise.all([kafka?.remove(), elasticsearch?.remove()])
  sandbox.remove()
})

/** A topic with a group, a directory of logs, and the variables that shipped pipelines take. */
class Fleet {
  readonly logs: string
  readonly topic: string

  constructor(readonly name: string) {
    this.logs = sandbox.path(name, 'logs')
    this.topic = `topic-${name}`
    fs.mkdirSync(this.logs, { recursive: true })
  }

  /** All of them have the same key, and a state directory of their own. */
  environment(instance: string): Record<string, string> {
    const state = sandbox.path(this.name, `state-${instance}`)
    fs.mkdirSync(state, { recursive: true })
    fs.writeFileSync(path.join(state, 'redact.key'), '0123456789abcdef'.repeat(4), { mode: 0o600 })
    return {
      LOGS: path.join(this.logs, '*.log'),
      KAFKA_BROKERS: kafka.brokers.join(','),
      KAFKA_TOPIC: this.topic,
      KAFKA_GROUP: `group-${this.name}`,
      ELASTICSEARCH_URL: elasticsearch.url,
      HANGUP_PREFIX: this.name,
      HANGUP_STATE: state,
      HANGUP_STORE: sandbox.path(this.name, `${instance}.duckdb`),
    }
  }

  start(name: string, instance: string, options: readonly string[] = []): Instance {
    const commandLine = ['run', pipeline(name), ...options]
    const child = sandbox.start(commandLine, { environment: this.environment(instance) })
    running.add(child)
    const ended = finished(child, commandLine, 280_000).finally(() => running.delete(child))
    return { child, ended }
  }

  run(name: string, instance: string, options: readonly string[]): Promise<CliResult> {
    return sandbox.hangup(['run', pipeline(name), ...options], {
      environment: this.environment(instance),
      timeoutMs: 120_000,
    })
  }

  verify(name: string, instance: string): Promise<CliResult> {
    return sandbox.hangup(['verify', pipeline(name)], { environment: this.environment(instance), timeoutMs: 120_000 })
  }

  /** Resolves once no more messages come for a while, though the agent is up. */
  async shipped(): Promise<void> {
    let before = -1
    await eventually(
      'all that was written is shipped',
      async () => {
        await sleep(3_000)
        const end = (await this.partitions()).reduce((sum, each) => sum + each.end, 0)
        const isSame = end === before
        before = end
        return isSame && end > 0
      },
      120_000,
    )
  }

  partitions(): ReturnType<typeof lagOf> {
    return lagOf(
      { brokers: kafka.brokers, security: { tls: false }, clientId: 'hangup-test' },
      `group-${this.name}`,
      this.topic,
    )
  }

  /** Resolves once the group has stored all that is in the topic. */
  async caughtUp(): Promise<void> {
    const lag = async (): Promise<number> => (await this.partitions()).reduce((sum, each) => sum + each.lag, 0)
    await eventually('the group has stored everything', async () => (await lag()) === 0, 180_000)
  }
}

interface Instance {
  readonly child: ReturnType<Sandbox['start']>
  readonly ended: Promise<CliResult>
}

async function stopped({ child, ended }: Instance): Promise<void> {
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 143 })
}

async function expectSame(fleet: Fleet, name: string, instance: string): Promise<void> {
  const { code, stdout, stderr } = await fleet.verify(name, instance)
  expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('the same'),
  })
}

test('the whole corpus through Kafka ends as one pass over the files does', async () => {
  const fleet = new Fleet('corpus')
  // Not that of a console: its name tells no gateway, and through Kafka it has the host of the agent for one.
  const logs = corpusRuns().flatMap(corpusLogs)
  for (const { name, bytes } of logs)
    if (!name.includes('console')) fs.writeFileSync(path.join(fleet.logs, name), bytes)
  await kafka.createTopic(fleet.topic, { partitions: PARTITIONS })
  expect(await fleet.run('tail-to-kafka', 'agent', ['--once'])).toMatchObject({ code: 0 })

  const consumer = fleet.start('kafka-to-duckdb', 'consumer')
  await fleet.caughtUp()
  await stopped(consumer)
  await expectSame(fleet, 'kafka-to-duckdb', 'consumer')

  expect(await fleet.run('tail-to-duckdb', 'direct', ['--once'])).toMatchObject({ code: 0 })
  const [through, direct] = await Promise.all(
    ['consumer', 'direct'].map((instance) => readStore(sandbox.path(fleet.name, `${instance}.duckdb`))),
  )
  expect(through.failures).toEqual(direct.failures)
  // A traffic document is of one partition: what they say together is the same.
  expect(requestsByMinute(through.traffic)).toEqual(requestsByMinute(direct.traffic))
}, 300_000)

test('three instances that are killed twenty times, and an agent that is too, leave what one pass gives', async () => {
  const fleet = new Fleet('killed')
  await kafka.createTopic(fleet.topic, { partitions: PARTITIONS })
  const logs = [
    ...['h-337-110', 'i-337-c-error-116', 'g-337-rotate-restart-115'].flatMap(corpusLogs),
    stretched(corpusLogs('c-337-pcap-105')[0], { times: 60, everyMs: 80_000 }),
  ]
  let isWritten = false
  const writing = Promise.all(
    logs.map((log) => writeSlowly([log], { directory: fleet.logs, random, durationMs: 25_000 })),
  ).then(() => {
    isWritten = true
  })

  const session = ['--set', 'source.kafka.sessionTimeout=6s']
  const startAgent = (): Instance => fleet.start('tail-to-kafka', 'agent')
  const start = (number: number): Instance => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, session)
  let agent = startAgent()
  const instances = [0, 1, 2].map(start)
  for (let kill = 0; kill < KILLS || !isWritten; kill++) {
    await sleep(random.between(300, 2_500))
    const number = random.between(0, 2)
    instances[number].child.kill('SIGKILL')
    await instances[number].ended
    instances[number] = start(number)
    if (kill % 5 !== 0) continue
    agent.child.kill('SIGKILL')
    await agent.ended
    agent = startAgent()
  }
  await writing
  await fleet.shipped()
  await stopped(agent)
  await fleet.caughtUp()
  for (const instance of instances) await stopped(instance)
  expect(await count('killed-failures*', elasticsearch)).toBeGreaterThan(0)
  await expectSame(fleet, 'kafka-to-elasticsearch', 'consumer-0')
}, 300_000)

test('an instance that is stopped for longer than its session leaves what one pass gives', async () => {
  const fleet = new Fleet('stalled')
  await kafka.createTopic(fleet.topic, { partitions: PARTITIONS })
  const log = stretched(corpusLogs('c-337-pcap-105')[0], { times: 40, everyMs: 80_000 })
  const agent = fleet.start('tail-to-kafka', 'agent')
  const session = ['--set', 'source.kafka.sessionTimeout=6s']
  const instances = [0, 1].map((number) => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, session))
  const writing = writeSlowly([log], { directory: fleet.logs, random, durationMs: 20_000 })
  await eventually('something is stored', async () => (await count('stalled-failures*', elasticsearch)) > 0)
  instances[0].child.kill('SIGSTOP')
  await sleep(10_000)
  instances[0].child.kill('SIGCONT')
  await writing
  await fleet.shipped()
  await stopped(agent)
  await fleet.caughtUp()
  for (const instance of instances) await stopped(instance)
  await expectSame(fleet, 'kafka-to-elasticsearch', 'consumer-0')
}, 300_000)

test('messages that come twice, messages that are no lines, and partitions that are added change nothing', async () => {
  const fleet = new Fleet('repeated')
  const before = 3
  await kafka.createTopic(fleet.topic, { partitions: before })
  const consumer = fleet.start('kafka-to-duckdb', 'consumer')
  const producer = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.LegacyPartitioner,
    metadataMaxAge: 1_000,
  })
  await producer.connect()
  const poison = [
    Buffer.alloc(0),
    Buffer.from([0xff, 0xfe, 0]),
    Buffer.from('{"message":'),
    Buffer.from('x'.repeat(70_000)),
  ]
  let partitions = before
  for (const [file, { name, bytes }] of ['h-337-110', 'i-337-c-error-116', 'd-337-102'].flatMap(corpusLogs).entries()) {
    fs.writeFileSync(path.join(fleet.logs, name), bytes)
    const lines = bytes.toString('latin1').split('\n').slice(0, -1)
    let offset = 0
    const messages = lines.map((line) => {
      const headers = { 'hangup-path': path.join(fleet.logs, name), 'hangup-offset': String(offset) }
      offset += line.length + 1
      return { value: Buffer.from(line, 'latin1'), headers, partition: file % partitions }
    })
    for (let start = 0; start < messages.length; start += 200) {
      const value = poison[random.between(0, poison.length - 1)]
      const strange = { value, headers: { 'hangup-path': 'poison' }, partition: file % partitions }
      // What a producer sends again when no answer came: the same, at once or a little later.
      for (let time = 0; time < 2; time++) {
        await producer.send({ topic: fleet.topic, messages: [...messages.slice(start, start + 200), strange] })
      }
    }
    if (file > 0) continue
    await kafka.addPartitions(fleet.topic, before + 2)
    partitions = before + 2
    await sleep(3_000)
  }
  await producer.disconnect()
  await eventually(
    'the new partitions are found',
    async () => (await fleet.partitions()).every(({ lag }) => lag === 0),
    90_000,
  )
  await stopped(consumer)
  await expectSame(fleet, 'kafka-to-duckdb', 'consumer')
  expect(await fleet.run('tail-to-duckdb', 'direct', ['--once'])).toMatchObject({ code: 0 })
  const [through, direct] = await Promise.all(
    ['consumer', 'direct'].map((instance) => readStore(sandbox.path(fleet.name, `${instance}.duckdb`))),
  )
  expect(through.failures.map(({ id }) => id)).toEqual(direct.failures.map(({ id }) => id))
  expect(requestsByMinute(through.traffic)).toEqual(requestsByMinute(direct.traffic))
}, 300_000)

test('brokers that are away hold up no stop, and what was read meanwhile is read again', async () => {
  const fleet = new Fleet('away')
  await kafka.createTopic(fleet.topic, { partitions: 2 })
  for (const { name, bytes } of corpusLogs('h-337-110')) fs.writeFileSync(path.join(fleet.logs, name), bytes)
  expect(await fleet.run('tail-to-kafka', 'agent', ['--once'])).toMatchObject({ code: 0 })
  const consumer = fleet.start('kafka-to-elasticsearch', 'consumer')
  await eventually('something is stored', async () => (await count('away-failures*', elasticsearch)) > 0)
  await kafka.kill()
  consumer.child.kill('SIGTERM')
  expect(await consumer.ended).toMatchObject({ code: 143 })
  await kafka.restart()
  const next = fleet.start('kafka-to-elasticsearch', 'consumer')
  await fleet.caughtUp()
  await stopped(next)
  await expectSame(fleet, 'kafka-to-elasticsearch', 'consumer')
}, 300_000)

function requestsByMinute(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const row of rows) {
    const { timestamp, target, proxy, org, env, gateway, basis } = row
    for (const kind of ['requests', 'responses'] as const) {
      const key = JSON.stringify([timestamp, target, proxy, org, env, gateway, basis, kind])
      sums[key] = (sums[key] ?? 0) + Number(row[kind])
    }
  }
  return sums
}
