import type { Save } from './progress.js'

export interface SaverParts {
  /** Everything that carries what was read to where it is stored: dead letters, too. */
  readonly flows: readonly Flow[]
  /** Resolves once what is derived from all that is stored is up to date; see `Sink.settle`. */
  readonly settle: () => Promise<void>
  readonly onSaved?: () => void
}

/** Items on their way: how many were ever pushed, and how many of them are stored, in their order. */
export interface Flow {
  readonly pushed: number
  readonly stored: number
}

/**
 * Saves positions only behind confirmed stores: a position waits until all documents and dead letters pushed before it are stored and
 * what the sinks derive from them is up to date. The steps before never wait for that.
 */
export class CheckpointSaver {
  readonly #parts: SaverParts
  #waiting: { readonly pushed: readonly number[]; readonly save: Save } | null = null
  #settling: Promise<void> | null = null
  #isSettled = false
  #failure: { readonly error: unknown } | null = null

  constructor(parts: SaverParts) {
    this.#parts = parts
  }

  /** Takes a position, unless one waits; resolves without saving where not everything before it is stored yet. */
  async save(take: () => Save | Promise<Save>): Promise<void> {
    const { flows } = this.#parts
    if (this.#failure !== null) throw this.#failure.error
    if (this.#waiting === null) {
      const save = await take()
      this.#waiting = { pushed: flows.map(({ pushed }) => pushed), save }
    }
    const { pushed } = this.#waiting
    if (flows.some(({ stored }, index) => stored < pushed[index])) return
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
    this.#settling ??= this.#parts
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
    await save()
    this.#parts.onSaved?.()
  }
}
