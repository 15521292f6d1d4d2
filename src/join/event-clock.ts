/** A jump ahead by more than this is believed only when the same worker's next line confirms it. */
const JUMP_MS = 3_600_000

/**
 * Event time of one partition. Lines are in time order within a gateway worker, not within a file, so time advances
 * per worker; the watermark is the least of the active workers' less the allowed lateness. A worker silent for longer
 * than the lateness does not hold it back, and one torn timestamp from the future moves nothing. Depends on the lines
 * and their order only.
 */
export class EventClock {
  readonly #latenessMs: number
  readonly #workers = new Map<number, Worker>()
  #watermarkMs = Number.NEGATIVE_INFINITY
  #maxMs = Number.NEGATIVE_INFINITY
  /** A second line was near the first one or behind it, so the first one's time is believed. */
  #isConfirmed = false

  constructor({ latenessMs }: { readonly latenessMs: number }) {
    this.#latenessMs = latenessMs
  }

  /** The largest event time seen; minus infinity before the first. */
  get maxMs(): number {
    return this.#maxMs
  }

  observe(worker: number, timeMs: number): void {
    if (!this.#isConfirmed) this.#confirm(timeMs)
    const known = this.#workers.get(worker)
    if (known === undefined) {
      const isFirst = this.#maxMs === Number.NEGATIVE_INFINITY
      this.#workers.set(worker, { lastMs: isFirst ? timeMs : Math.min(timeMs, this.#maxMs), jumpMs: timeMs })
      if (isFirst) this.#maxMs = timeMs
      return
    }
    if (timeMs - known.lastMs > JUMP_MS && Math.abs(timeMs - known.jumpMs) > JUMP_MS) {
      known.jumpMs = timeMs
      return
    }
    known.jumpMs = timeMs
    if (timeMs <= known.lastMs) return
    known.lastMs = timeMs
    if (timeMs > this.#maxMs) this.#maxMs = timeMs
  }

  /** Lines before it are late. Never moves back; minus infinity before the second line. */
  watermarkMs(): number {
    if (!this.#isConfirmed) return Number.NEGATIVE_INFINITY
    let least = this.#maxMs
    for (const [id, { lastMs }] of this.#workers) {
      if (lastMs >= this.#maxMs - this.#latenessMs) least = Math.min(least, lastMs)
      else if (lastMs < this.#maxMs - FORGET_MS) this.#workers.delete(id)
    }
    this.#watermarkMs = Math.max(this.#watermarkMs, least - this.#latenessMs)
    return this.#watermarkMs
  }

  /** A first line that lies far ahead of the second is not believed: the clock starts with the second. */
  #confirm(timeMs: number): void {
    if (this.#maxMs === Number.NEGATIVE_INFINITY) return
    this.#isConfirmed = timeMs >= this.#maxMs - JUMP_MS
    if (this.#isConfirmed) return
    this.#workers.clear()
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
