import type { LineBlock } from '../../records.js'
import type { Source } from '../source.js'
import type { KafkaBlock } from './block-builder.js'
import type { GroupEvent, GroupReader, GroupReaderOptions, Position } from './contract.js'
import { floorOf } from './floor.js'
import { openGroupReader } from './group-reader.js'
import type { MessageBatch } from './message.js'
import { MessageBlocks } from './messages.js'

/** Lines of one source out of one batch, and where in the topic they lay. */
export interface GroupBlock extends KafkaBlock {
  readonly topic: string
  readonly kafkaPartition: number
  /** The group has stored these lines already: they are read again for the state alone. */
  readonly isReplay: boolean
}

export function isOfGroup(block: LineBlock): block is GroupBlock {
  return 'kafkaPartition' in block
}

/** How far one partition has been read. */
export interface PartitionEnd {
  /** Everything before it has been processed. */
  readonly nextOffset: number
  readonly highWatermark: number
}

export interface KafkaSourceOptions extends Omit<GroupReaderOptions, 'startOf' | 'staysUntilClosed'> {
  /** Where a partition begins of which the group has stored nothing yet. */
  readonly start: 'beginning' | 'end'
  /**
   * Told, between two blocks, of partitions to begin with, and of those that are somebody else's now. One of them may
   * be in both: it was somebody else's in the meantime.
   */
  readonly onAssigned: (change: PartitionChange) => void
}

export interface PartitionChange {
  /** With what the group has stored of each one; 0 for nothing. */
  readonly gained: readonly { readonly partition: number; readonly storedThrough: number }[]
  readonly lost: readonly number[]
}

/**
 * A member of a consumer group as a source of lines. Partitions come and go; each one begins at the floor that was
 * committed, and what lies between there and the committed offset is a replay.
 */
export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions
  readonly #reader: GroupReader
  readonly #blocks: MessageBlocks
  readonly #ends = new Map<number, PartitionEnd>()
  readonly #storedThrough = new Map<number, number>()

  constructor(options: KafkaSourceOptions, open: (options: GroupReaderOptions) => GroupReader = openGroupReader) {
    this.#options = options
    this.#blocks = new MessageBlocks(options)
    this.#reader = open({
      ...options,
      staysUntilClosed: true,
      startOf: (_, committed) => (committed === null ? options.start : floorOf(committed)),
    })
  }

  /** Partitions that are ours and of which something has been read. */
  get ends(): ReadonlyMap<number, PartitionEnd> {
    return this.#ends
  }

  async *read(signal: AbortSignal): AsyncGenerator<GroupBlock> {
    for await (const event of this.#reader.read(signal)) {
      if (event.kind === 'assigned') {
        this.#assigned(event)
        continue
      }
      yield* this.#blocksOf(event.batch)
      const { partition, nextOffset, highWatermark } = event.batch
      this.#ends.set(partition, { nextOffset, highWatermark })
    }
  }

  /** Resolves to the partitions for which nothing was committed, because they are somebody else's now. */
  commit(positions: readonly Position[]): Promise<readonly number[]> {
    return this.#reader.commit(positions)
  }

  /** Leaves the group. */
  close(): Promise<void> {
    return this.#reader.close()
  }

  #assigned({ gained, lost }: GroupEvent & { readonly kind: 'assigned' }): void {
    for (const partition of [...lost, ...gained.map(({ partition }) => partition)]) {
      this.#ends.delete(partition)
      this.#storedThrough.delete(partition)
      this.#blocks.forget(partition)
    }
    for (const { partition, committed } of gained) this.#storedThrough.set(partition, committed?.offset ?? 0)
    this.#options.onAssigned({
      lost,
      gained: gained.map(({ partition, committed }) => ({ partition, storedThrough: committed?.offset ?? 0 })),
    })
  }

  *#blocksOf(batch: MessageBatch): Iterable<GroupBlock> {
    const { partition, messages } = batch
    const storedThrough = this.#storedThrough.get(partition) ?? 0
    const firstNew = messages.findIndex(({ offset }) => offset >= storedThrough)
    const cut = firstNew < 0 ? messages.length : firstNew
    for (const [part, isReplay] of [
      [messages.slice(0, cut), true],
      [messages.slice(cut), false],
    ] as const) {
      if (part.length === 0) continue
      for (const block of this.#blocks.toBlocks({ ...batch, messages: part })) {
        yield { ...block, topic: this.#options.topic, kafkaPartition: partition, isReplay }
      }
    }
  }
}
