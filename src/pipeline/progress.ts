import type { LineBlock, LineSource } from '../records.js'
import type { CheckpointStore } from './checkpoint-store.js'
import { Positions, type PositionsOptions, type SnapshotOptions } from './positions.js'
import { type BlockPart, partsOf } from './replay.js'

/** Saves a position; to be called once all that was pushed before it was taken is stored. */
export type Save = () => Promise<void>

/** How far a run has come in its input, where it would have to begin again, and where that is kept. */
export interface InputProgress {
  /** What is open is to be emitted as it stands before each snapshot: it then counts as stored. */
  readonly emitsOpen: boolean
  /** A block is about to be processed: its parts, what a former run has stored apart from what is new. */
  begin(block: LineBlock): readonly BlockPart[]
  /** The block was processed; `maxMs` is the largest event time in it, or minus infinity. */
  add(block: LineBlock, maxMs: number): void
  /** True for a line that a former run had stored all of, dead letters included. */
  isStored(source: LineSource, offset: number): boolean
  /**
   * Takes the position now. `openSinceMs` gives, for a partition, the event time from which on lines are still needed
   * for what is open.
   */
  snapshot(openSinceMs: (partition: string) => number, options?: SnapshotOptions): Save
}

export interface FileProgressOptions extends PositionsOptions {
  /** Null where positions are not kept. */
  readonly checkpoints: Pick<CheckpointStore, 'save'> | null
  readonly pipelineName: string
}

/** Byte offsets of files, kept in a checkpoint file. */
export class FileProgress implements InputProgress {
  readonly emitsOpen = false
  readonly #positions: Positions
  readonly #options: FileProgressOptions

  constructor(options: FileProgressOptions) {
    this.#options = options
    this.#positions = new Positions(options)
  }

  begin(block: LineBlock): readonly BlockPart[] {
    this.#positions.begin(block)
    return partsOf(block, this.#positions.storedThrough(block.source))
  }

  add(block: LineBlock, maxMs: number): void {
    this.#positions.add(block, maxMs)
  }

  isStored(source: LineSource, offset: number): boolean {
    return this.#positions.isStored(source, offset)
  }

  snapshot(openSinceMs: (partition: string) => number, options?: SnapshotOptions): Save {
    const { checkpoints, pipelineName } = this.#options
    const positions = this.#positions.snapshot(openSinceMs, options)
    return async () => checkpoints?.save({ version: 2, pipeline: pipelineName, ...positions })
  }
}
