import type { TrafficBasis } from '../records.js'

export const MINUTE_MS = 60_000

/** What requests are counted by, besides minute and partition. */
export interface TrafficDimensions {
  readonly target: string | null
  readonly proxy: string | null
  readonly org: string | null
  readonly env: string | null
  readonly basis: TrafficBasis
}

export interface TrafficCount {
  readonly minuteMs: number
  readonly dimensions: TrafficDimensions
  readonly requests: number
  readonly responses: number
}

interface Count {
  requests: number
  responses: number
  /** What of the sum of both is stored: it was told by `changed`, or stands in lines of a replay. */
  given: number
}

/** Dimensions with their counts of open minutes. */
export class TrafficCell {
  readonly minutes = new Map<number, Count>()
  /** All requests that were counted here, whatever their minute; without those of replays. */
  requests = 0
  #lastMinute = Number.NaN
  #last: Count = { requests: 0, responses: 0, given: 0 }

  constructor(readonly dimensions: TrafficDimensions) {}

  at(minute: number): Count {
    if (minute === this.#lastMinute) return this.#last
    let count = this.minutes.get(minute)
    if (count === undefined) {
      count = { requests: 0, responses: 0, given: 0 }
      this.minutes.set(minute, count)
    }
    this.#lastMinute = minute
    this.#last = count
    return count
  }

  forget(minute: number): void {
    this.minutes.delete(minute)
    if (minute === this.#lastMinute) this.#lastMinute = Number.NaN
  }
}

/**
 * Bounds the memory of one partition; past it requests of new APIs are counted for their target alone. Targets are
 * configured, so few; what is taken for an API may come from clients.
 */
const MAX_CELLS = 20_000

/**
 * Requests and responses of one partition per minute and dimension, as absolute values of tumbling windows
 * `[minute, minute + 60 s)`. A line later than the windows that are closed is told as late and not counted: its
 * window's value is stored already.
 */
export class TrafficCounter {
  readonly #cells = new Map<string, TrafficCell>()
  #closedUntilMs: number
  #late = 0
  /** Lines come again that were counted by a former process: of windows with such lines alone nothing is told. */
  isReplay = false

  /** Minutes that begin before `closedUntilMs` are stored already (a replay from the floor begins in their middle). */
  constructor({ closedUntilMs = Number.NEGATIVE_INFINITY }: { readonly closedUntilMs?: number } = {}) {
    this.#closedUntilMs = closedUntilMs
  }

  /** Lines that came too late to be counted. */
  get late(): number {
    return this.#late
  }

  /** All dimensions that were ever counted. */
  get cells(): Iterable<TrafficCell> {
    return this.#cells.values()
  }

  /** Open windows, over all dimensions. */
  get open(): number {
    let open = 0
    for (const { minutes } of this.#cells.values()) open += minutes.size
    return open
  }

  cellOf(dimensions: TrafficDimensions): TrafficCell {
    const bounded =
      this.#cells.size < MAX_CELLS || dimensions.proxy === null ? dimensions : { ...dimensions, proxy: null }
    const key = JSON.stringify([bounded.target, bounded.proxy, bounded.org, bounded.env, bounded.basis])
    let cell = this.#cells.get(key)
    if (cell === undefined) {
      cell = new TrafficCell(bounded)
      this.#cells.set(key, cell)
    }
    return cell
  }

  /**
   * Counts what came at `timeMs`. A window that the watermark has passed takes no more, whether `close` has come to it
   * yet or not.
   */
  add(
    cell: TrafficCell,
    timeMs: number,
    requests: number,
    responses: number,
    watermarkMs = Number.NEGATIVE_INFINITY,
  ): void {
    if (timeMs < this.#closedUntilMs || timeMs < Math.floor(watermarkMs / MINUTE_MS) * MINUTE_MS) {
      this.#late++
      return
    }
    const count = cell.at(Math.floor(timeMs / MINUTE_MS))
    count.requests += requests
    count.responses += responses
    if (this.isReplay) count.given += requests + responses
    else cell.requests += requests
  }

  /** Closes the windows that end at or before the watermark, and returns those that have grown since they were told. */
  close(watermarkMs: number): TrafficCount[] {
    const closedUntil = Math.floor(watermarkMs / MINUTE_MS) * MINUTE_MS
    if (!(closedUntil > this.#closedUntilMs)) return []
    const counts = this.#counts(closedUntil, true)
    this.#closedUntilMs = closedUntil
    return counts
  }

  /** The values so far of the open windows that have grown since they were told; they stay open. */
  snapshot(): TrafficCount[] {
    return this.#counts(Number.POSITIVE_INFINITY, false)
  }

  /** The same; from now on they count as told. */
  changed(): TrafficCount[] {
    const grown: Count[] = []
    const counts = this.#counts(Number.POSITIVE_INFINITY, false, (count) => grown.push(count))
    for (const count of grown) count.given = count.requests + count.responses
    return counts
  }

  /** Start of the earliest open window; infinity where there is none. */
  earliestMs(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const cell of this.#cells.values()) {
      for (const minute of cell.minutes.keys()) earliest = Math.min(earliest, minute * MINUTE_MS)
    }
    return earliest
  }

  #counts(untilMs: number, forget: boolean, onCount: (count: Count) => void = () => {}): TrafficCount[] {
    const counts: TrafficCount[] = []
    for (const cell of this.#cells.values()) {
      for (const [minute, count] of cell.minutes) {
        if (minute * MINUTE_MS >= untilMs) continue
        if (forget) cell.forget(minute)
        const { requests, responses, given } = count
        if (requests + responses <= given) continue
        counts.push({ minuteMs: minute * MINUTE_MS, dimensions: cell.dimensions, requests, responses })
        onCount(count)
      }
    }
    return counts.sort((a, b) => a.minuteMs - b.minuteMs)
  }
}
