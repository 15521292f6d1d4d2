import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { lagOf, type PartitionLag } from '../../src/sources/kafka/admin.js'
import { type CliResult, finished, projectDirectory, Sandbox } from '../support/cli.js'
import { eventually } from '../support/elasticsearch/cluster.js'
import { type ElasticsearchServer, startElasticsearch } from '../support/elasticsearch/server.mjs'
import { type KafkaServer, startKafka } from '../support/kafka/server.mjs'
import { type FutureLog, writeSlowly } from './logs.js'
import { Random } from './random.js'
import { storedIn } from './store.js'

/** The servers of a test file, a directory, and all that was started there. */
export class Site {
  readonly sandbox = new Sandbox()
  readonly running = new Set<Instance>()
  readonly #closing = new AbortController()
  #elasticsearch: ElasticsearchServer | null = null

  private constructor(
    readonly kafka: KafkaServer,
    readonly random: Random,
  ) {}

  /** Prints the seed of its random numbers. */
  static async open({ nodes = 1, elasticsearch = false }: SiteOptions = {}): Promise<Site> {
    const random = Random.fromEnvironment()
    process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
    const [kafka, store] = await Promise.all([startKafka({ nodes }), elasticsearch ? startElasticsearch() : null])
    const site = new Site(kafka, random)
    site.#elasticsearch = store
    return site
  }

  get hasElasticsearch(): boolean {
    return this.#elasticsearch !== null
  }

  get elasticsearch(): ElasticsearchServer {
    if (this.#elasticsearch === null) throw new Error('this site was opened without Elasticsearch')
    return this.#elasticsearch
  }

  /** Aborts when the site is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const { child } of this.running) child.kill('SIGKILL')
    await Promise.all([this.kafka.remove(), this.#elasticsearch?.remove()])
    this.sandbox.remove()
  }
}

/** A short session; and commits wait for a count of what is stored, which is made often. */
export const OFTEN = ['--set', 'source.kafka.sessionTimeout=6s', '--set', 'sinks[0].elasticsearch.frequency=1s']

export interface SiteOptions {
  readonly nodes?: 1 | 3
  readonly elasticsearch?: boolean
}

/** A process of hangup. */
export interface Instance {
  readonly name: string
  readonly child: ReturnType<Sandbox['start']>
  readonly ended: Promise<CliResult>
}

export interface FleetOptions {
  /** Of all its processes. */
  readonly options?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * A topic with a group, a directory of logs, and the variables that shipped pipelines take. Pipelines are named as in
 * `pipelines/`, or by the path of a file.
 */
export class Fleet {
  readonly logs: string
  readonly topic: string
  readonly group: string

  constructor(
    readonly site: Site,
    readonly name: string,
    private readonly common: FleetOptions = {},
  ) {
    this.logs = site.sandbox.path(name, 'logs')
    this.topic = `topic-${name}`
    this.group = `group-${name}`
    fs.mkdirSync(this.logs, { recursive: true })
  }

  createTopic(partitions: number): Promise<void> {
    return this.site.kafka.createTopic(this.topic, { partitions })
  }

  storeOf(instance: string): string {
    return this.site.sandbox.path(this.name, `${instance}.duckdb`)
  }

  /** All of them have the same key, and a state directory of their own. */
  environment(instance: string): Record<string, string> {
    const { kafka } = this.site
    const state = this.#stateOf(instance)
    fs.mkdirSync(state, { recursive: true })
    fs.writeFileSync(path.join(state, 'redact.key'), '0123456789abcdef'.repeat(4), { mode: 0o600 })
    return {
      LOGS: path.join(this.logs, '*.log'),
      KAFKA_BROKERS: kafka.brokers.join(','),
      KAFKA_TOPIC: this.topic,
      KAFKA_GROUP: this.group,
      ...(this.site.hasElasticsearch && { ELASTICSEARCH_URL: this.site.elasticsearch.url }),
      HANGUP_PREFIX: this.name,
      HANGUP_STATE: state,
      HANGUP_STORE: this.storeOf(instance),
      ...this.common.environment,
    }
  }

  /** Writes logs side by side, in about that time, or at once from `finish` on. */
  write(logs: readonly FutureLog[], durationMs: number): Writing {
    const hurry = new AbortController()
    const { random, closing: signal } = this.site
    const options = { directory: this.logs, random, durationMs, pauseMs: 100, signal, hurry: hurry.signal }
    const written = Promise.all(logs.map((log) => writeSlowly([log], options)))
    // A test that has failed asks no more.
    written.catch(() => {})
    return {
      async finish() {
        hurry.abort()
        await written
      },
    }
  }

  start(pipeline: string, instance: string, options: readonly string[] = []): Instance {
    const commandLine = this.#commandLine(pipeline, options)
    const child = this.site.sandbox.start(commandLine, { environment: this.environment(instance) })
    const ended = finished(child, commandLine, 400_000)
    const started = { name: instance, child, ended }
    this.site.running.add(started)
    const gone = (): void => void this.site.running.delete(started)
    ended.then(gone, gone)
    return started
  }

  run(
    pipeline: string,
    instance: string,
    options: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CliResult> {
    return this.site.sandbox.hangup(this.#commandLine(pipeline, options), {
      environment: { ...this.environment(instance), ...environment },
      timeoutMs: 180_000,
    })
  }

  /** The store is right: what the topic holds, read once from its beginning, gives the same. */
  async expectVerified(pipeline: string, instance: string, options: readonly string[] = []): Promise<void> {
    const { code, stdout, stderr } = await this.site.sandbox.hangup(['verify', fileOf(pipeline), ...options], {
      environment: this.environment(instance),
      timeoutMs: 180_000,
    })
    expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(': the same\n'),
    })
  }

  /** Ends the agent once no more messages come for a while, again until its checkpoint tells that all is shipped. */
  async shipped(agent: Instance): Promise<void> {
    const checkpoint = path.join(this.#stateOf(agent.name), 'tail-to-kafka.checkpoint')
    const sizes = fs.readdirSync(this.logs).map((name) => fs.statSync(path.join(this.logs, name)).size)
    const written = sizes.reduce((sum, size) => sum + size, 0)
    for (let running = agent, starts = 0; starts < 10; starts++) {
      await this.#settles()
      await stopped(running)
      if (storedIn(checkpoint) === written) return
      running = this.start('tail-to-kafka', agent.name)
    }
    throw new Error(`${storedIn(checkpoint)} of ${written} bytes were shipped`)
  }

  async #settles(): Promise<void> {
    let before = 0
    await eventually(
      'no more messages come',
      async () => {
        await sleep(700)
        const { end } = await this.reached()
        const isSame = end === before
        before = end
        return isSame && end > 0
      },
      180_000,
    )
  }

  partitions(): Promise<readonly PartitionLag[]> {
    const connection = { brokers: this.site.kafka.brokers, security: { tls: false }, clientId: 'hangup-test' }
    return lagOf(connection, this.group, this.topic)
  }

  /** Over all partitions: messages there are, messages committed, and what is missing to that. */
  async reached(): Promise<Reached> {
    const partitions = await this.partitions()
    const sum = (of: (each: PartitionLag) => number): number => partitions.reduce((total, each) => total + of(each), 0)
    return { end: sum(({ end }) => end), committed: sum(({ committed }) => committed ?? 0), lag: sum(({ lag }) => lag) }
  }

  /** Resolves once the group has stored all that is in the topic. */
  async caughtUp(): Promise<void> {
    await eventually('the group has stored everything', async () => (await this.reached()).lag === 0, 180_000)
  }

  /** Resolves once the group has stored more than now. */
  async storesMore(): Promise<void> {
    const { committed: before } = await this.reached()
    await eventually('more is stored', async () => (await this.reached()).committed > before, 120_000)
  }

  /** Ids of the group's members, sorted; null while it is being shared out. Who was put out comes back by another id. */
  async members(): Promise<readonly string[] | null> {
    const admin = new Kafka({ brokers: this.site.kafka.brokers, logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    try {
      const [{ state, members }] = (await admin.describeGroups([this.group])).groups
      return state === 'Stable' ? members.map(({ memberId }) => memberId).sort() : null
    } finally {
      await admin.disconnect()
    }
  }

  /** Resolves once the group is shared out among so many. */
  async hasMembers(count: number): Promise<void> {
    await eventually(`the group has ${count} members`, async () => (await this.members())?.length === count, 120_000)
  }

  #stateOf(instance: string): string {
    return this.site.sandbox.path(this.name, `state-${instance}`)
  }

  #commandLine(pipeline: string, options: readonly string[]): string[] {
    return ['run', fileOf(pipeline), ...(this.common.options ?? []), ...options]
  }
}

export interface Writing {
  /** Writes the rest without a pause; resolves when all is written. */
  finish(): Promise<void>
}

export interface Reached {
  readonly end: number
  readonly committed: number
  readonly lag: number
}

const fileOf = (pipeline: string): string =>
  path.isAbsolute(pipeline) ? pipeline : path.join(projectDirectory, `pipelines/${pipeline}.yaml`)

export async function stopped({ name, child, ended }: Instance): Promise<void> {
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  expect({ name, code, stderr: code === 143 ? '' : stderr }).toEqual({ name, code: 143, stderr: '' })
}

export async function killed({ child, ended }: Instance): Promise<void> {
  child.kill('SIGKILL')
  expect(await ended).toMatchObject({ signal: 'SIGKILL' })
}
