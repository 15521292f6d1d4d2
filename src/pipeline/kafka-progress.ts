import type { PartitionLag } from '../observability/snapshot.js'
import type { LineBlock } from '../records.js'
import { floorMetadata } from '../sources/kafka/floor.js'
import { isOfGroup } from '../sources/kafka/group-block.js'
import type { KafkaSource, PartitionChange } from '../sources/kafka/kafka-source.js'
import type { InputProgress, Save } from './progress.js'
import type { BlockPart } from './replay.js'

export interface KafkaProgressOptions {
  readonly source: Pick<KafkaSource, 'ends' | 'commit'>
  readonly topic: string
  /** How far evidence reaches back, in event time. */
  readonly horizonMs: number
  /** A source without lines for so long, on our clock, holds the floor no longer: what it left open is stored as it stands. */
  readonly silentMs: number
  /** A clock that never goes back. */
  readonly monotonicMs: () => number
}

/**
 * Offsets of the partitions of a topic, kept by the brokers: the committed offset is stored-through, so that lag tools
 * tell the truth, and the floor rides in the commit's metadata. Everything that was read counts as stored once all that
 * was emitted is, for what is open is emitted as it stands before each snapshot; the floor lies before it.
 */
export class KafkaProgress implements InputProgress {
  readonly emitsOpen = true
  readonly #options: KafkaProgressOptions
  readonly #partitions = new Map<number, PartitionProgress>()
  #isReplay = false

  constructor(options: KafkaProgressOptions) {
    this.#options = options
  }

  /** Partitions have come or gone: what was known of them is worth nothing any more. */
  assigned({ gained, lost }: PartitionChange): void {
    for (const partition of lost) this.#partitions.delete(partition)
    for (const { partition, storedThrough } of gained) {
      this.#partitions.set(partition, { storedThrough, sources: new Map(), committed: null })
    }
  }

  begin(block: LineBlock): readonly BlockPart[] {
    this.#isReplay = isOfGroup(block) && block.isReplay
    return [{ block, isReplay: this.#isReplay }]
  }

  add(block: LineBlock, maxMs: number): void {
    if (!isOfGroup(block)) return
    const partition = this.#partitions.get(block.kafkaPartition)
    if (partition === undefined) return
    const name = block.source.partition
    const source = partition.sources.get(name) ?? { blocks: [], maxMs: Number.NEGATIVE_INFINITY, seenMs: 0 }
    partition.sources.set(name, source)
    source.seenMs = this.#options.monotonicMs()
    source.maxMs = Math.max(source.maxMs, maxMs)
    // A block without a time of its own belongs to the lines before it.
    source.blocks.push({
      offset: block.firstOffset,
      maxMs: maxMs === Number.NEGATIVE_INFINITY ? source.maxMs : maxMs,
    })
  }

  isStored(): boolean {
    return this.#isReplay
  }

  snapshot(openSinceMs: (partition: string) => number): Save {
    const taken: Taken[] = []
    for (const [partition, progress] of this.#partitions) {
      const end = this.#options.source.ends.get(partition)?.nextOffset
      if (end === undefined) continue
      const offset = Math.max(end, progress.storedThrough)
      const metadata = floorMetadata(Math.min(offset, this.#floorOf(progress, end, openSinceMs)))
      const { committed } = progress
      if (committed?.offset === offset && committed.metadata === metadata) continue
      taken.push({ progress, position: { partition, offset, metadata } })
    }
    return () => this.#save(taken)
  }

  async #save(taken: readonly Taken[]): Promise<void> {
    // One that was lost and gained since is another one's work, whatever its number.
    const ours = taken.filter(({ progress, position }) => this.#partitions.get(position.partition) === progress)
    if (ours.length === 0) return
    const notOurs = new Set(await this.#options.source.commit(ours.map(({ position }) => position)))
    for (const { progress, position } of ours) {
      if (!notOurs.has(position.partition)) progress.committed = position
    }
  }

  /** How far the partitions that are ours have been read. */
  lag(): readonly PartitionLag[] {
    return [...this.#options.source.ends].map(([partition, { nextOffset, highWatermark }]) => {
      const sources = [...(this.#partitions.get(partition)?.sources.values() ?? [])]
      const reachedMs = sources.reduce((latest, { maxMs }) => Math.max(latest, maxMs), Number.NEGATIVE_INFINITY)
      return {
        topic: this.#options.topic,
        partition,
        records: Math.max(0, highWatermark - nextOffset),
        reachedMs: Number.isFinite(reachedMs) ? reachedMs : null,
      }
    })
  }

  #floorOf({ sources }: PartitionProgress, end: number, openSinceMs: (partition: string) => number): number {
    const { horizonMs, silentMs, monotonicMs } = this.#options
    const heardSinceMs = monotonicMs() - silentMs
    let floor = end
    for (const [name, { blocks, seenMs }] of sources) {
      if (seenMs < heardSinceMs) {
        sources.delete(name)
        continue
      }
      const neededMs = openSinceMs(name) - horizonMs
      const unneeded = blocks.findIndex(({ maxMs }) => maxMs >= neededMs)
      blocks.splice(0, unneeded < 0 ? blocks.length : unneeded)
      if (blocks.length > 0) floor = Math.min(floor, blocks[0].offset)
    }
    return floor
  }
}

interface PartitionProgress {
  readonly storedThrough: number
  /** By the partition of the processor. */
  readonly sources: Map<string, SourceProgress>
  committed: { readonly offset: number; readonly metadata: string } | null
}

interface SourceProgress {
  /** In the order of the topic; before the first nothing is needed any more. */
  readonly blocks: { readonly offset: number; readonly maxMs: number }[]
  maxMs: number
  seenMs: number
}

interface Taken {
  readonly progress: PartitionProgress
  readonly position: { readonly partition: number; readonly offset: number; readonly metadata: string }
}
