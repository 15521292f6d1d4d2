import type { Source } from '../source.js'
import { blocksOfBatch, type GroupBlock } from './group-block.js'
import { MessageBlocks } from './messages.js'
import { readTopic, type StretchPosition, type TopicReading, type TopicReadOptions } from './topic-reader.js'

export interface TopicSourceOptions extends TopicReadOptions {
  /** By partition: what lies before these offsets is read for the state alone, and is no part of what is to be read. */
  readonly replayUntil?: ReadonlyMap<number, number>
}

/** What lies in a topic as a source of lines, read once and to its end; the positions of groups are not touched. */
export class TopicSource implements Source {
  readonly #topic: string
  readonly #reading: TopicReading
  readonly #blocks: MessageBlocks
  readonly #replayUntil: ReadonlyMap<number, number>
  /** The partition of the batch at hand, and where that begins. */
  #inHand: { readonly partition: number; readonly offset: number } | null = null

  constructor(options: TopicSourceOptions, read: (options: TopicReadOptions) => TopicReading = readTopic) {
    this.#topic = options.topic
    this.#reading = read(options)
    this.#blocks = new MessageBlocks(options)
    this.#replayUntil = options.replayUntil ?? new Map()
  }

  async *read(signal: AbortSignal): AsyncGenerator<GroupBlock> {
    for await (const batch of this.#reading.read(signal)) {
      this.#inHand = { partition: batch.partition, offset: batch.messages[0].offset }
      const replayUntil = this.#replayUntil.get(batch.partition) ?? 0
      yield* blocksOfBatch(batch, this.#blocks, { topic: this.#topic, replayUntil })
      this.#inHand = null
    }
  }

  /** Counted by offsets, so that it reaches its end also where there are gaps; `total` is null before the start. */
  progress(): { readonly done: number; readonly total: number | null; readonly unit: 'messages' } {
    const positions = this.#reading.positions()?.map((each) => this.#without(each)) ?? []
    return {
      done: positions.reduce((sum, { from, position }) => sum + position - from, 0),
      total: this.#reading.positions() === null ? null : positions.reduce((sum, { from, to }) => sum + to - from, 0),
      unit: 'messages',
    }
  }

  /** Per partition, how far it has been processed: before the block at hand. Null before the start. */
  positions(): readonly StretchPosition[] | null {
    const positions = this.#reading.positions()
    return positions?.map((each) => this.#without({ ...each, position: this.#positionOf(each) })) ?? null
  }

  #positionOf({ partition, position }: StretchPosition): number {
    return this.#inHand?.partition === partition ? this.#inHand.offset : position
  }

  /** A stretch without the part that is read for the state alone. */
  #without(stretch: StretchPosition): StretchPosition {
    const from = Math.max(stretch.from, this.#replayUntil.get(stretch.partition) ?? stretch.from)
    return { ...stretch, from, position: Math.max(stretch.position, from) }
  }
}
