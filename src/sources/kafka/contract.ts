import type { HangupError } from '../../errors.js'
import type { KafkaConnection } from './client-options.js'
import type { MessageBatch } from './message.js'

export type { KafkaMessage, MessageBatch } from './message.js'

/** What a group has committed for a partition. */
export interface Committed {
  readonly offset: number
  readonly metadata: string
}

export interface Gained {
  readonly partition: number
  readonly committed: Committed | null
}

export interface Position {
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

/**
 * `assigned`: the group has shared out the partitions anew. `kept`: read on with the state at hand; `gained`: start
 * afresh; all others that were ours before are `lost`. No batch of a lost partition comes after it.
 */
export type GroupEvent =
  | {
      readonly kind: 'assigned'
      readonly gained: readonly Gained[]
      readonly kept: readonly number[]
      readonly lost: readonly number[]
    }
  | { readonly kind: 'batch'; readonly batch: MessageBatch }

/** A member of a consumer group that reads one topic. */
export interface GroupReader {
  /**
   * Joins the group and reads; a batch counts as processed when the next event is pulled: that is the backpressure,
   * heartbeats go on meanwhile, however long it takes. May be called once. Ends when the signal aborts, and throws
   * what will not pass by itself (`PermanentError`, `ConfigError`).
   */
  read(signal: AbortSignal): AsyncIterable<GroupEvent>
  /**
   * Commits for partitions that are ours still; resolves to the partitions for which that is not so any more
   * (nothing was committed for them). While brokers are away, it waits.
   */
  commit(positions: readonly Position[]): Promise<readonly number[]>
  /** Leaves the group, where `staysUntilClosed` has kept the member in it; commits that wait still are given up. */
  close(): Promise<void>
}

export interface GroupReaderOptions extends KafkaConnection {
  readonly topic: string
  readonly groupId: string
  /** After how long without a sign of life the group takes the partitions away; default 10 s. */
  readonly sessionTimeoutMs?: number
  /** How often to look for partitions that were added; default 15 s. */
  readonly metadataMaxAgeMs?: number
  /** Most bytes of one partition in one batch, before decompression; default 256 KiB. */
  readonly maxBytesPerPartition?: number
  /** When reading ends, the member stays in the group until `close()`: last commits are possible. Default: no. */
  readonly staysUntilClosed?: boolean
  /** Where to begin with a partition: an offset, or an end of the log. Told what the group has committed. */
  startOf(partition: number, committed: Committed | null): number | 'beginning' | 'end'
  /** Told of what passes by itself, or was passed over; the same kind of problem twice a minute at most. */
  onProblem(problem: HangupError): void
}

export interface OutgoingMessage {
  readonly key?: Buffer | string
  readonly value: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Writes to a topic; the caller chooses the partition. */
export interface PartitionProducer {
  /** How many partitions the topic has. */
  partitions(): Promise<number>
  /** Resolves when all in-sync replicas have the messages, in their order. */
  send(partition: number, messages: readonly OutgoingMessage[]): Promise<void>
  close(): Promise<void>
}
