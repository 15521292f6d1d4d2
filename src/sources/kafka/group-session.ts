import type { Cluster, Consumer, EachBatchPayload } from 'kafkajs'
import { TransientError } from '../../errors.js'
import { type Client, openClient, RETRY } from './client-options.js'
import type { Committed, GroupReaderOptions, Position } from './contract.js'
import { type Claim, stickyAssigner } from './sticky-assigner.js'
import type { Found } from './tenures.js'
import { settledWithin } from './waiting.js'

/** What a session tells; all but `batch` come at once, between two steps of kafkajs. */
export interface SessionListener {
  claim(): Claim
  joined(partitions: readonly number[]): void
  /** Resolves when kafkajs may go on; throws what a heartbeat threw. */
  batch(payload: EachBatchPayload): Promise<void>
  /** Nothing but transaction markers lay there; `first` is null where kafkajs does not know. */
  skipped(partition: number, first: number | null, last: number, highWatermark: number): void
  fetching(): void
  /** The generation of the group is known. */
  beat(): void
}

/** How long a member that stops waits for its leave to be answered. */
const LEAVE_MS = 2_000

/** How often to beat: what others do in the group is learned so. kafkajs sends none sooner than this after the last. */
export const HEARTBEAT_MS = 500

/** One member of the group: a kafkajs consumer, from joining to leaving or to its end by an error. */
export class GroupSession {
  readonly #options: GroupReaderOptions
  readonly #client: Client
  readonly #consumer: Consumer
  #cluster!: Cluster
  #memberId: string | null = null
  #generation: number | null = null
  #left: Promise<void> | null = null
  /** Resolves to the error that ended the session. */
  readonly crashed: Promise<Error>

  constructor(options: GroupReaderOptions, listener: SessionListener) {
    this.#options = options
    this.#client = openClient(options)
    const sessionTimeout = options.sessionTimeoutMs ?? 10_000
    this.#consumer = this.#client.kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [
        stickyAssigner(
          options.topic,
          () => listener.claim(),
          (cluster) => (this.#cluster = cluster),
        ),
      ],
      sessionTimeout,
      rebalanceTimeout: Math.max(2 * sessionTimeout, 20_000),
      heartbeatInterval: HEARTBEAT_MS - 100,
      metadataMaxAge: options.metadataMaxAgeMs ?? 15_000,
      maxBytesPerPartition: options.maxBytesPerPartition ?? 256 * 1024,
      maxBytes: 10 * 1024 * 1024,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, retries: 10, restartOnFailure: async () => false },
    })
    const crash = this.#listen(listener)
    this.crashed = Promise.race([crash, this.#run(listener)])
  }

  /** Of the group, once a heartbeat has told it. */
  get generation(): number | null {
    return this.#generation
  }

  /** From where to read on; takes effect with the next fetch. */
  seek(partition: number, offset: number): void {
    this.#ifRunning(() => this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(offset) }))
  }

  /** Fetches no more of these. */
  pause(partitions: Iterable<number>): void {
    this.#ifRunning(() => this.#consumer.pause([{ topic: this.#options.topic, partitions: [...partitions] }]))
  }

  /** Asks what is committed for partitions, and which offsets are there. */
  async find(partitions: readonly number[]): Promise<ReadonlyMap<number, Found>> {
    if (partitions.length === 0) return new Map()
    const { topic, groupId } = this.#options
    const asked = partitions.map((partition) => ({ partition, offset: '' }))
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId })
    const { responses } = await coordinator.offsetFetch({ groupId, topics: [{ topic, partitions: asked }] })
    const [low, high] = [await this.#offsets(partitions, true), await this.#offsets(partitions, false)]
    const committed = new Map(
      responses
        .flatMap((response) => response.partitions as { partition: number; offset: string; metadata?: string | null }[])
        .map(({ partition, offset, metadata }) => [partition, { offset: Number(offset), metadata: metadata ?? '' }]),
    )
    return new Map(
      partitions.map((partition) => {
        const at = committed.get(partition)
        if (!low.has(partition) || !high.has(partition) || at === undefined) throw noLeader(topic, partition)
        const found = { low: low.get(partition)!, high: high.get(partition)! }
        return [partition, { ...found, committed: committedOf(at, found.low) }]
      }),
    )
  }

  /** The first offsets that are there. */
  async firstOffsets(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.#offsets(partitions, true)
  }

  /** One request in the name of the generation that is known now: brokers refuse it if that is over. */
  async commit(positions: readonly Position[]): Promise<void> {
    const { topic, groupId } = this.#options
    const [memberId, groupGenerationId] = [this.#memberId!, this.#generation!]
    const partitions = positions.map(({ partition, offset, metadata }) => ({
      partition,
      offset: String(offset),
      metadata,
    }))
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId })
    await coordinator.offsetCommit({ groupId, memberId, groupGenerationId, topics: [{ topic, partitions }] })
  }

  /** Leaves the group, or gives that up after two seconds. */
  leave(): Promise<void> {
    this.#left ??= settledWithin(this.#consumer.disconnect(), LEAVE_MS).then(() => this.#client.destroy())
    return this.#left
  }

  /** kafkajs throws where its consumer has stopped by itself; the session's end is told elsewhere. */
  #ifRunning(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (this.#left === null && !/not initialized/.test(String(error))) throw error
    }
  }

  async #offsets(partitions: readonly number[], fromBeginning: boolean): Promise<Map<number, number>> {
    const { topic } = this.#options
    const asked = partitions.map((partition) => ({ partition }))
    const answers = await this.#cluster.fetchTopicsOffset([{ topic, partitions: asked, fromBeginning }])
    return new Map(answers.flatMap((each) => each.partitions).map((each) => [each.partition, Number(each.offset)]))
  }

  #listen(listener: SessionListener): Promise<Error> {
    const { events, on } = this.#consumer
    on(events.GROUP_JOIN, ({ payload }) => {
      if (this.#left !== null) return
      this.#memberId = payload.memberId
      this.#generation = null
      listener.joined(payload.memberAssignment[this.#options.topic] ?? [])
    })
    on(events.HEARTBEAT, ({ payload }) => {
      if (this.#left !== null) return
      if (payload.memberId !== this.#memberId || payload.groupGenerationId === this.#generation) return
      this.#generation = payload.groupGenerationId
      listener.beat()
    })
    on(events.FETCH_START, () => listener.fetching())
    on(events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize > 0 || this.#left !== null) return
      const first = payload.firstOffset as string | null
      const last = Number(payload.lastOffset)
      listener.skipped(payload.partition, first === null ? null : Number(first), last, Number(payload.highWatermark))
    })
    return new Promise((resolve) => on(events.CRASH, ({ payload }) => resolve(payload.error)))
  }

  /** Resolves to what hinders the start; kafkajs goes on by itself else. */
  async #run(listener: SessionListener): Promise<Error> {
    try {
      await this.#consumer.connect()
      await this.#consumer.subscribe({ topics: [this.#options.topic], fromBeginning: true })
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async (payload) => (this.#left === null ? listener.batch(payload) : undefined),
      })
    } catch (error) {
      return error as Error
    }
    return new Promise(() => {})
  }
}

/**
 * -1 stands for nothing. -2 stands for the beginning: kafkajs commits that by itself where the offset that it fetches
 * from is no longer there, and what we had committed is gone.
 */
function committedOf({ offset, metadata }: Committed, low: number): Committed | null {
  if (offset >= 0) return { offset, metadata }
  return offset === BEGINNING ? { offset: low, metadata: '' } : null
}

const BEGINNING = -2

function noLeader(topic: string, partition: number): TransientError {
  return new TransientError(`no broker leads the partition: ${topic}/${partition}`, {
    code: 'broker_unreachable',
    hint: 'look at the health of the Kafka cluster',
  })
}
