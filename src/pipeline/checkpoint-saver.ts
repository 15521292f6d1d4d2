import type { PipelineConfig } from '../config/schema.js'
import type { CheckpointStore } from './checkpoint-store.js'
import type { DeadLetters } from './dead-letters.js'
import type { Delivery } from './delivery.js'
import type { InputPositions } from './positions.js'

export interface SaverParts {
  readonly config: PipelineConfig
  readonly checkpoints: CheckpointStore
  readonly delivery: Delivery
  readonly deadLetters: DeadLetters
  readonly onSaved?: () => void
}

/** Saves positions only behind confirmed stores: a snapshot waits until all documents pushed before it are stored. */
export class CheckpointSaver {
  readonly #parts: SaverParts
  #waiting: { readonly pushed: number; readonly positions: InputPositions } | null = null

  constructor(parts: SaverParts) {
    this.#parts = parts
  }

  /** Takes a snapshot, unless one waits; resolves without saving where not everything before it is stored yet. */
  async save(snapshot: () => InputPositions): Promise<void> {
    const { delivery } = this.#parts
    this.#waiting ??= { pushed: delivery.pushed, positions: snapshot() }
    if (delivery.stored < this.#waiting.pushed) return
    await this.saveLast(this.#waiting.positions)
    this.#waiting = null
  }

  /** For positions behind which everything is stored already. */
  async saveLast(positions: InputPositions): Promise<void> {
    const { config, checkpoints, deadLetters, onSaved } = this.#parts
    await deadLetters.flush()
    await checkpoints.save({ version: 1, pipeline: config.name, ...positions })
    onSaved?.()
  }
}
