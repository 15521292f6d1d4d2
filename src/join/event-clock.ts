/** A jump ahead by more than this is believed only when the same worker's next line confirms it. */
const JUMP_MS = 3_600_000

/**
 * Event time of one partition. Lines are in time order within a gateway worker, not within a file, so time advances
 * per worker; the watermark is the least of the active workers' less the allowed lateness. A worker silent for longer
 * than the lateness does not hold it back, and one torn timestamp from the future moves nothing. Depends on the lines
 * and their order only: the watermark is kept at every line, not when somebody asks.
 */
export class EventClock {
  readonly #latenessMs: number
  readonly #workers = new Map<number, Worker>()
  #watermarkMs = Number.NEGATIVE_INFINITY
  #maxMs = Number.NEGATIVE_INFINITY
  /** The active worker that is furthest behind. The watermark can move only when it moves or falls silent. */
  #last: Worker | null = null
  /** A second line was near the first one or behind it, so the first one's time is believed. */
  #isConfirmed = false

  constructor({ latenessMs }: { readonly latenessMs: number }) {
    this.#latenessMs = latenessMs
  }

  /** The largest event time seen; minus infinity before the first. */
  get maxMs(): number {
    return this.#maxMs
  }

  /** Lines before it are late. Never moves back; minus infinity before the second line. */
  get watermarkMs(): number {
    return this.#watermarkMs
  }

  /** Returns false where the worker has written a later line before: its lines are in order, so this one came late or again. */
  observe(id: number, timeMs: number): boolean {
    if (!this.#isConfirmed) this.#confirm(timeMs)
    const known = this.#workers.get(id)
    const isInOrder = known === undefined || timeMs >= known.lastMs
    const worker = known ?? this.#add(id, timeMs)
    if (known !== undefined) {
      const isJump = timeMs - known.lastMs > JUMP_MS && Math.abs(timeMs - known.jumpMs) > JUMP_MS
      known.jumpMs = timeMs
      if (!isJump && timeMs > known.lastMs) known.lastMs = timeMs
    }
    if (worker.lastMs > this.#maxMs) this.#maxMs = worker.lastMs
    if (!this.#isConfirmed) return isInOrder
    const last = this.#last
    if (last === null || last === worker || last.lastMs < this.#maxMs - this.#latenessMs) this.#advance()
    else if (worker.lastMs < last.lastMs) this.#last = worker
    return isInOrder
  }

  /** As `observe` returns it. */
  isInOrder(id: number, timeMs: number): boolean {
    const known = this.#workers.get(id)
    return known === undefined || timeMs >= known.lastMs
  }

  #add(id: number, timeMs: number): Worker {
    const isFirst = this.#maxMs === Number.NEGATIVE_INFINITY
    // A new worker's first line may be torn too: it takes part, but moves nothing.
    const worker = { lastMs: isFirst ? timeMs : Math.min(timeMs, this.#maxMs), jumpMs: timeMs }
    this.#workers.set(id, worker)
    return worker
  }

  #advance(): void {
    let last: Worker | null = null
    for (const [id, worker] of this.#workers) {
      if (worker.lastMs < this.#maxMs - FORGET_MS) this.#workers.delete(id)
      else if (worker.lastMs >= this.#maxMs - this.#latenessMs && (last === null || worker.lastMs < last.lastMs)) {
        last = worker
      }
    }
    this.#last = last
    if (last !== null) this.#watermarkMs = Math.max(this.#watermarkMs, last.lastMs - this.#latenessMs)
  }

  /** A first line that lies far ahead of the second is not believed: the clock starts with the second. */
  #confirm(timeMs: number): void {
    if (this.#maxMs === Number.NEGATIVE_INFINITY) return
    this.#isConfirmed = timeMs >= this.#maxMs - JUMP_MS
    if (this.#isConfirmed) return
    this.#workers.clear()
    this.#last = null
    this.#maxMs = Number.NEGATIVE_INFINITY
  }
}

/** Workers that died leave the list. */
const FORGET_MS = 3_600_000

interface Worker {
  lastMs: number
  /** A time far ahead that waits for its confirmation. */
  jumpMs: number
}
