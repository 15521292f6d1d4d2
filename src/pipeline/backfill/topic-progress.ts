import type { PartitionLag } from '../../observability/snapshot.js'
import type { LineBlock } from '../../records.js'
import type { StretchPosition } from '../../sources/kafka/topic-reader.js'
import type { TopicSource } from '../../sources/kafka/topic-source.js'
import type { InputProgress, Save } from '../progress.js'
import type { BlockPart } from '../replay.js'

export interface TopicProgressOptions {
  readonly topic: string
  readonly source: Pick<TopicSource, 'positions'>
  /** Told what is still to be done, once all before it is stored. */
  readonly onStored: (rest: readonly StretchPosition[]) => void
}

/** How far a range of a topic has been read and stored: nobody keeps it but the one who is told. */
export class TopicProgress implements InputProgress {
  readonly emitsOpen = true
  readonly #options: TopicProgressOptions
  readonly #reachedMs = new Map<number, number>()
  #isReplay = false

  constructor(options: TopicProgressOptions) {
    this.#options = options
  }

  begin(block: LineBlock): readonly BlockPart[] {
    this.#isReplay = 'isReplay' in block && block.isReplay === true
    return [{ block, isReplay: this.#isReplay }]
  }

  add(block: LineBlock, maxMs: number): void {
    if (!('kafkaPartition' in block) || typeof block.kafkaPartition !== 'number') return
    const { kafkaPartition } = block
    this.#reachedMs.set(kafkaPartition, Math.max(this.#reachedMs.get(kafkaPartition) ?? maxMs, maxMs))
  }

  isStored(): boolean {
    return this.#isReplay
  }

  snapshot(): Save {
    const positions = this.#options.source.positions()
    return async () => {
      if (positions !== null) this.#options.onStored(positions.filter(({ position, to }) => position < to))
    }
  }

  /** What is left to read of the range. */
  lag(): readonly PartitionLag[] {
    return (this.#options.source.positions() ?? []).map(({ partition, position, to }) => {
      const reachedMs = this.#reachedMs.get(partition) ?? Number.NEGATIVE_INFINITY
      return {
        topic: this.#options.topic,
        partition,
        records: to - position,
        reachedMs: Number.isFinite(reachedMs) ? reachedMs : null,
      }
    })
  }
}
