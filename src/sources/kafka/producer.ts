import { CompressionTypes, type Producer } from 'kafkajs'
import { ConfigError, TransientError } from '../../errors.js'
import { type RetryOptions, retrying } from '../../retry.js'
import { partitionCount } from './admin.js'
import { type Client, type KafkaConnection, openClient, RETRY } from './client-options.js'
import { type Compression, requireWritable } from './codecs.js'
import type { OutgoingMessage, PartitionProducer } from './contract.js'
import { kafkaFault, protocolType } from './faults.js'
import { parts } from './requests.js'
import { settledWithin } from './waiting.js'

export interface PartitionProducerOptions extends KafkaConnection {
  readonly topic: string
  readonly compression?: Compression
  /** At the abort of its signal, what is under way has ten seconds. */
  readonly retry: RetryOptions
}

/** Makes a producer; it connects when it is used. Throws `ConfigError` where it could not write at all. */
export function openPartitionProducer(options: PartitionProducerOptions): PartitionProducer {
  requireWritable(options.compression ?? 'none')
  return new SteadyProducer(options)
}

/** One idempotent producer of kafkajs, and how many sends use it. */
interface Connected {
  readonly client: Client
  readonly producer: Producer
  readonly ready: Promise<void>
  users: number
}

/**
 * Writes until it works. Around what kafkajs gets wrong:
 * - one partition in each of its sends: its retry of a send over several loses messages when a leader moves;
 * - one send at a time for a partition, until it is known to have worked: a sequence number that failed is used
 *   again, and a broker that had written the first of two sends would take the second for the same, and drop it;
 * - what is acknowledged must be named in the answer: a partition that is not there is passed over in silence;
 * - a producer whose numbers are out of order is replaced: messages may then stand twice, none is lost.
 */
class SteadyProducer implements PartitionProducer {
  readonly #options: PartitionProducerOptions
  readonly #last = new Map<number, Promise<void>>()
  #connected: Connected | null = null
  #hasWritten = false
  readonly #closing = new AbortController()
  #grace: NodeJS.Timeout | undefined

  constructor(options: PartitionProducerOptions) {
    this.#options = options
    options.retry.signal?.addEventListener('abort', this.#onAbort)
  }

  partitions(): Promise<number> {
    return this.#retrying(() => partitionCount(this.#options, this.#options.topic))
  }

  send(partition: number, messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve()
    const before = this.#last.get(partition) ?? Promise.resolve()
    const work = before
      .catch(() => {})
      .then(async () => {
        for (const part of parts(messages)) await this.#retrying(() => this.#sendOnce(partition, part))
      })
    this.#last.set(partition, work)
    return work
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#options.retry.signal?.removeEventListener('abort', this.#onAbort)
    clearTimeout(this.#grace)
    const connected = this.#connected
    this.#connected = null
    if (connected !== null) await dispose(connected)
  }

  readonly #onAbort = (): void => {
    this.#grace = setTimeout(() => this.#connected?.client.destroy(), STOP_GRACE_MS)
  }

  async #sendOnce(partition: number, messages: readonly OutgoingMessage[]): Promise<void> {
    const { topic, compression = 'none' } = this.#options
    const connected = (this.#connected ??= this.#connect())
    connected.users++
    try {
      await connected.ready
      const answers = await connected.producer.send({
        topic,
        acks: -1,
        compression: TYPES[compression],
        messages: messages.map(({ key, value, headers }) => ({ partition, key, value, headers })),
      })
      if (!answers.some((answer) => answer.partition === partition && answer.errorCode === 0)) {
        // A new one learns of partitions that were added.
        this.#retire(connected)
        throw new TransientError(`the topic has no such partition: ${topic}/${partition}`, UNWRITTEN)
      }
      this.#hasWritten = true
    } catch (error) {
      if (this.#isStale(error)) this.#retire(connected)
      throw error
    } finally {
      connected.users--
      if (connected.users === 0 && this.#connected !== connected) void dispose(connected)
    }
  }

  /** Whether a producer's numbers can no longer be trusted, or it never came to be. */
  #isStale(error: unknown): boolean {
    const type = protocolType(error)
    if (type !== undefined && STALE_TYPES.has(type)) return true
    return this.#options.retry.signal?.aborted === true || !(this.#faultOf(error) instanceof TransientError)
  }

  #retire(connected: Connected): void {
    if (this.#connected === connected) this.#connected = null
  }

  #connect(): Connected {
    const client = openClient(this.#options)
    const producer = client.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: 15_000,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
      retry: RETRY,
    })
    const ready = producer.connect()
    const connected = { client, producer, ready, users: 0 }
    ready.catch(() => this.#retire(connected))
    return connected
  }

  /** After `close`, what fails is not tried again. */
  #retrying<Result>(operation: () => Promise<Result>): Promise<Result> {
    const { signal } = this.#options.retry
    const stops = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal]
    return retrying(
      () =>
        operation().catch((error: unknown) => {
          throw this.#faultOf(error)
        }),
      { ...this.#options.retry, signal: AbortSignal.any(stops) },
    )
  }

  /** Numbers out of order pass with a new producer; a topic that was there may be so again. */
  #faultOf(error: unknown): Error {
    const { topic, brokers } = this.#options
    const fault = kafkaFault(error, { what: `cannot write: ${topic} to ${brokers.join(',')}`, topic })
    if (!(fault instanceof ConfigError) || !this.#hasWritten) return fault
    return new TransientError(fault.message, { code: 'broker_unreachable', hint: fault.hint, cause: error })
  }
}

async function dispose({ producer, client }: Connected): Promise<void> {
  await settledWithin(producer.disconnect(), DISCONNECT_MS)
  client.destroy()
}

const TYPES: Readonly<Record<Compression, CompressionTypes>> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

const STALE_TYPES = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
  'PRODUCER_FENCED',
])

const UNWRITTEN = {
  code: 'broker_refused',
  hint: 'the topic has fewer partitions than it had; it is tried again',
} as const
const STOP_GRACE_MS = 10_000
const DISCONNECT_MS = 2_000
