import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import type { HangupError } from '../../../src/errors.js'
import type { KafkaConnection } from '../../../src/sources/kafka/client-options.js'
import type { GroupEvent, GroupReader, GroupReaderOptions } from '../../../src/sources/kafka/contract.js'
import { openGroupReader } from '../../../src/sources/kafka/group-reader.js'
import { openPartitionProducer, type PartitionProducerOptions } from '../../../src/sources/kafka/producer.js'
import { projectDirectory } from '../../support/cli.js'

type Assigned = GroupEvent & { kind: 'assigned' }

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Waits until something holds; names it where it does not come to hold. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = 60_000,
): Promise<void> {
  for (const end = Date.now() + milliseconds; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`)
    await sleep(20)
  }
}

export function connectionTo(brokers: readonly string[]): KafkaConnection {
  return { brokers, security: { tls: false }, clientId: 'hangup-test' }
}

/** Topics of one cluster, for a suite. */
export class Topics {
  readonly kafka: Kafka
  readonly admin: Admin
  #count = 0

  constructor(readonly brokers: readonly string[]) {
    this.kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
    this.admin = this.kafka.admin()
  }

  async make(numPartitions: number, options: { replicationFactor?: number; config?: Record<string, string> } = {}) {
    const topic = `topic-${process.pid}-${this.#count++}`
    const configEntries = Object.entries(options.config ?? {}).map(([name, value]) => ({ name, value }))
    const replicationFactor = options.replicationFactor ?? 1
    await this.admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions, replicationFactor, configEntries }],
    })
    return topic
  }

  /** Writes `count` messages into each partition: `<partition>:<number>`. */
  async fill(
    topic: string,
    partitions: number,
    count: number,
    first = 0,
    options: Partial<PartitionProducerOptions> = {},
  ) {
    const producer = openProducer(this.brokers, topic, options)
    for (let partition = 0; partition < partitions; partition++) {
      await producer.send(partition, values(partition, count, first))
    }
    await producer.close()
  }

  /** Deletes what lies before an offset. */
  async deleteBefore(topic: string, partition: number, offset: number): Promise<void> {
    // kafkajs finds no leader of a topic that its admin was not asked about before.
    await this.admin.fetchTopicOffsets(topic)
    await this.admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
  }

  async committed(groupId: string, topic: string): Promise<readonly (readonly [string, string | null])[]> {
    const [{ partitions }] = await this.admin.fetchOffsets({ groupId, topics: [topic] })
    return partitions
      .sort((a, b) => a.partition - b.partition)
      .map(({ offset, metadata }) => [offset, metadata] as const)
  }
}

export const values = (partition: number, count: number, first = 0): { value: Buffer }[] =>
  Array.from({ length: count }, (_, index) => ({ value: Buffer.from(`${partition}:${first + index}`) }))

export function openProducer(
  brokers: readonly string[],
  topic: string,
  options: Partial<PartitionProducerOptions> = {},
) {
  const retry = { pause: (milliseconds: number) => sleep(Math.min(milliseconds, 1_000)), random: () => 0.5 }
  return openPartitionProducer({ ...connectionTo(brokers), topic, retry, ...options })
}

/** A member of a group in this process, with all that it was told. */
export class Member {
  readonly reader: GroupReader
  readonly events: GroupEvent[] = []
  readonly problems: HangupError[] = []
  readonly values: string[] = []
  readonly positions = new Map<number, number>()
  #held: Promise<void> | null = null
  /** Lets go of what is in hand. */
  release: () => void = () => {}
  readonly ended: Promise<unknown>
  readonly #stop = new AbortController()

  constructor(options: Partial<GroupReaderOptions> & Pick<GroupReaderOptions, 'brokers' | 'topic' | 'groupId'>) {
    this.reader = openGroupReader({
      security: { tls: false },
      clientId: 'hangup-test',
      startOf: (_, committed) => committed?.offset ?? 'beginning',
      onProblem: (problem) => this.problems.push(problem),
      ...options,
    })
    this.ended = this.#read().then(
      () => null,
      (error) => error,
    )
  }

  async #read(): Promise<void> {
    for await (const event of this.reader.read(this.#stop.signal)) {
      this.events.push(event)
      if (event.kind === 'batch') {
        this.values.push(...event.batch.messages.map(({ value }) => String(value)))
        this.positions.set(event.batch.partition, event.batch.nextOffset)
      }
      if (this.#held !== null) await this.#held
    }
  }

  get assignments(): readonly Assigned[] {
    return this.events.filter((event): event is Assigned => event.kind === 'assigned')
  }

  commit(metadata = ''): Promise<readonly number[]> {
    return this.reader.commit([...this.positions].map(([partition, offset]) => ({ partition, offset, metadata })))
  }

  /** Keeps what is pulled from now on in hand. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.release = () => {
        this.#held = null
        resolve()
      }
    })
  }

  async stop(): Promise<unknown> {
    this.release()
    this.#stop.abort()
    return this.ended
  }
}

type Printed = { kind: string } & Record<string, unknown>

/** A member in a process of its own. */
export class MemberProcess {
  readonly events: Printed[] = []
  readonly child: ChildProcess

  constructor(options: object) {
    const script = path.join(projectDirectory, 'test/integration/kafka/member-process.mjs')
    this.child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.events.push(JSON.parse(line)))
  }

  of(kind: string): Printed[] {
    return this.events.filter((event) => event.kind === kind)
  }

  get values(): string[] {
    return this.of('batch').flatMap((event) => event.values as string[])
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill(signal)
    await once(this.child, 'exit')
  }
}
