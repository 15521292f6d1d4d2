import type { Source } from '../source.js'
import type { GroupEvent, GroupReader, GroupReaderOptions, Position } from './contract.js'
import { floorOf } from './floor.js'
import { blocksOfBatch, type GroupBlock } from './group-block.js'
import { openGroupReader } from './group-reader.js'
import { MessageBlocks } from './messages.js'

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
      const { partition, nextOffset, highWatermark } = event.batch
      const replayUntil = this.#storedThrough.get(partition) ?? 0
      yield* blocksOfBatch(event.batch, this.#blocks, { topic: this.#options.topic, replayUntil })
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
}
