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
}

/**
 * Saves positions only behind confirmed stores: a snapshot waits until all documents pushed before it are stored and
 * what the sinks derive from them is up to date. The steps before never wait for that.
 */
export class CheckpointSaver {
  readonly #parts: SaverParts
  #waiting: { readonly pushed: number; readonly positions: InputPositions } | null = null
  #settling: Promise<void> | null = null
  #isSettled = false
  #failure: { readonly error: unknown } | null = null

  constructor(parts: SaverParts) {
    this.#parts = parts
  }

  /** Takes a snapshot, unless one waits; resolves without saving where not everything before it is stored yet. */
  async save(snapshot: () => InputPositions): Promise<void> {
    const { delivery } = this.#parts
    if (this.#failure !== null) throw this.#failure.error
    this.#waiting ??= { pushed: delivery.pushed, positions: snapshot() }
    if (delivery.stored < this.#waiting.pushed) return
    if (!this.#isSettled) {
      this.#settle()
      // Sinks without anything to derive are settled at once, and so are those with nothing new.
      await new Promise(setImmediate)
      if (!this.#isSettled) return
    }
    const { positions } = this.#waiting
    this.#waiting = null
    this.#isSettled = false
    await this.#save(positions)
  }

  /** For positions behind which everything is stored already; whatever else was under way ends first. */
  async saveLast(positions: InputPositions): Promise<void> {
    await this.#settling
    await this.#save(positions)
  }

  #settle(): void {
    this.#settling ??= this.#parts.delivery
      .settle()
      .then(
        () => {
          this.#isSettled = true
        },
        (error: unknown) => {
          this.#failure = { error }
        },
      )
      .finally(() => {
        this.#settling = null
      })
  }

  async #save(positions: InputPositions): Promise<void> {
    const { config, checkpoints, deadLetters } = this.#parts
    await deadLetters.flush()
    await checkpoints.save({ version: 1, pipeline: config.name, ...positions })
  }
}
