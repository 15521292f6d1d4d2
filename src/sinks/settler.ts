import type { FailureDocument, TrafficDocument } from '../records.js'

/** A document as it is, or was, stored. */
export interface Stored {
  readonly document: FailureDocument | TrafficDocument
}

/** What a store makes of its documents: counts of minutes, verdicts on resets. */
export interface Derived {
  /** Notes what depends on documents that were stored, changed, removed, or found there already. */
  mark(documents: readonly Stored[]): void
  /** Resolves once all that was noted before the call is made anew. What fails stays noted. */
  settle(): Promise<void>
}

/**
 * When what is derived is made anew: at most once in an interval, since the same things change many times while lines come,
 * never twice at a time, and for no more than a tenth of the time, unless that would take more than a minute.
 */
export class Settler {
  readonly #derived: Derived
  readonly #everyMs: number
  #lastMs = 0
  #hurry: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  /** What is under way, and the one behind it that will see what is marked now. */
  #current: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  constructor(derived: Derived, { everyMs }: { readonly everyMs: number }) {
    this.#derived = derived
    this.#everyMs = everyMs
  }

  mark(documents: readonly Stored[]): void {
    if (documents.length === 0) return
    this.#derived.mark(documents)
    if (this.#next === null) {
      this.#next = this.#schedule()
      // Whoever settles is told; until then nobody may be listening.
      this.#next.catch(() => {})
    }
  }

  /** Resolves once all that depends on what was marked before the call is made; `now` does not wait for the interval to end. */
  settle({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    if (now) this.#hurry()
    return this.#next ?? this.#current
  }

  /** Makes no more: what is still marked is made by whoever stores those documents again. */
  close(): void {
    clearTimeout(this.#timer)
  }

  async #schedule(): Promise<void> {
    const before = this.#current
    await new Promise<void>((resolve) => {
      this.#timer = setTimeout(resolve, Math.max(this.#everyMs, Math.min(LONGEST_MS, REST * this.#lastMs)))
      this.#hurry = () => {
        clearTimeout(this.#timer)
        resolve()
      }
    })
    await before.catch(() => {})
    const startMs = performance.now()
    this.#current = this.#derived.settle().finally(() => {
      this.#lastMs = performance.now() - startMs
    })
    this.#next = null
    await this.#current
  }
}

const REST = 9
const LONGEST_MS = 60_000
