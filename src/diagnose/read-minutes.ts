const MINUTE_MS = 60_000

/** What was read of one minute of event time. */
interface Minute {
  responses: number
  closes: number
}

/** The minutes of event time that lines were read of, with how many responses began and ended in each. */
export class ReadMinutes {
  readonly #kept: number
  readonly #minutes = new Map<number, Minute>()
  #lastMinute = Number.NaN
  #last: Minute = { responses: 0, closes: 0 }

  /** Minutes further back than `keptMs` are forgotten. */
  constructor({ keptMs }: { readonly keptMs: number }) {
    this.#kept = Math.ceil(keptMs / MINUTE_MS)
  }

  /** A line of the time was read; count there what it is. */
  at(timeMs: number): Minute {
    const minute = Math.floor(timeMs / MINUTE_MS)
    if (minute === this.#lastMinute) return this.#last
    let read = this.#minutes.get(minute)
    if (read === undefined) {
      read = { responses: 0, closes: 0 }
      this.#minutes.set(minute, read)
      for (const each of this.#minutes.keys()) if (each < minute - this.#kept) this.#minutes.delete(each)
    }
    this.#lastMinute = minute
    this.#last = read
    return read
  }

  /** Whether anything was read of a whole minute in `[fromMs, toMs)`. */
  hasAny(fromMs: number, toMs: number): boolean {
    const last = Math.floor(toMs / MINUTE_MS) - 1
    for (let each = Math.ceil(fromMs / MINUTE_MS); each <= last; each++) if (this.#minutes.has(each)) return true
    return false
  }

  /** Sums from the first whole minute behind `fromMs` to the minute of `toMs`. */
  between(fromMs: number, toMs: number): Readonly<Minute> {
    const sum = { responses: 0, closes: 0 }
    const last = Math.floor(toMs / MINUTE_MS)
    for (let each = Math.ceil(fromMs / MINUTE_MS); each <= last; each++) {
      const minute = this.#minutes.get(each)
      sum.responses += minute?.responses ?? 0
      sum.closes += minute?.closes ?? 0
    }
    return sum
  }
}
