import type { DeadLetters } from './dead-letters.js'
import type { Delivery } from './delivery.js'
import type { Save } from './progress.js'

export interface SaverParts {
  readonly delivery: Delivery
  readonly deadLetters: Pick<DeadLetters, 'flush'>
  readonly onSaved?: () => void
}

/**
 * Saves positions only behind confirmed stores: a position waits until all documents pushed before it are stored and
 * what the sinks derive from them is up to date. The steps before never wait for that.
 */
export class CheckpointSaver {
  readonly #parts: SaverParts
  #waiting: { readonly pushed: number; readonly save: Save } | null = null
  #settling: Promise<void> | null = null
  #isSettled = false
  #failure: { readonly error: unknown } | null = null

  constructor(parts: SaverParts) {
    this.#parts = parts
  }

  /** Takes a position, unless one waits; resolves without saving where not everything before it is stored yet. */
  async save(take: () => Save | Promise<Save>): Promise<void> {
    const { delivery } = this.#parts
    if (this.#failure !== null) throw this.#failure.error
    if (this.#waiting === null) {
      const save = await take()
      this.#waiting = { pushed: delivery.pushed, save }
    }
    if (delivery.stored < this.#waiting.pushed) return
    if (!this.#isSettled) {
      this.#settle()
      // Sinks without anything to derive are settled at once, and so are those with nothing new.
      await new Promise(setImmediate)
      if (!this.#isSettled) return
    }
    const { save } = this.#waiting
    this.#waiting = null
    this.#isSettled = false
    await this.#save(save)
  }

  /** For a position behind which everything is stored already; whatever else was under way ends first. */
  async saveLast(save: Save): Promise<void> {
    await this.#settling
    await this.#save(save)
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

  async #save(save: Save): Promise<void> {
    await this.#parts.deadLetters.flush()
    await save()
    this.#parts.onSaved?.()
  }
}
