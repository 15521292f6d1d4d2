import type { FailureDocument, TrafficDocument } from '../../records.js'

/** A document as it is, or was, stored. */
export interface Stored {
  readonly document: FailureDocument | TrafficDocument
}

/** Counts the minutes again that documents belong to; see `frequency/`. */
export interface Recount {
  /** Notes the minutes of documents that were stored, changed or removed. */
  mark(documents: readonly Stored[]): void
  /** Resolves once all minutes that were noted before the call are counted. What fails stays noted. */
  settle(): Promise<void>
}

/**
 * When minutes are counted again: at most once in an interval, since each minute changes many times while its lines
 * come, and never two counts at a time.
 */
export class Recounter {
  readonly #recount: Recount
  readonly #everyMs: number
  #hurry: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  /** The count under way, and the one behind it that will see what is marked now. */
  #current: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  constructor(recount: Recount, { everyMs }: { readonly everyMs: number }) {
    this.#recount = recount
    this.#everyMs = everyMs
  }

  mark(documents: readonly Stored[]): void {
    if (documents.length === 0) return
    this.#recount.mark(documents)
    if (this.#next === null) {
      this.#next = this.#schedule()
      // Whoever settles is told; until then nobody may be listening.
      this.#next.catch(() => {})
    }
  }

  /** Resolves once all that was marked before the call is counted; `now` does not wait for the interval to end. */
  settle({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    if (now) this.#hurry()
    return this.#next ?? this.#current
  }

  /** Counts no more: what is still marked is counted by whoever stores those documents again. */
  close(): void {
    clearTimeout(this.#timer)
  }

  async #schedule(): Promise<void> {
    const before = this.#current
    await new Promise<void>((resolve) => {
      this.#timer = setTimeout(resolve, this.#everyMs)
      this.#hurry = () => {
        clearTimeout(this.#timer)
        resolve()
      }
    })
    await before.catch(() => {})
    this.#current = this.#recount.settle()
    this.#next = null
    await this.#current
  }
}
