import type { Reuse } from '../records.js'

/** Shortest idle time that is told apart from shorter ones, in milliseconds: no server closes what was idle for less. */
const SHORTEST_MS = 128
export const BINS_PER_OCTAVE = 64
/** Up to 9 minutes; the last one holds the others, up to the horizon of evidence. */
export const BINS = 12 * BINS_PER_OCTAVE

/** Bin of an idle time in milliseconds: each one is 1.1 % wide. */
export function binOf(idleMs: number): number {
  if (idleMs < SHORTEST_MS) return 0
  return Math.min(BINS - 1, 1 + Math.floor(Math.log2(idleMs / SHORTEST_MS) * BINS_PER_OCTAVE))
}

/** First idle time of a bin, in milliseconds. */
export function startOf(bin: number): number {
  return STARTS_MS[bin]
}

/** Also where the last one would end. */
const STARTS_MS = Float64Array.from({ length: BINS + 1 }, (_, bin) =>
  bin === 0 ? 0 : SHORTEST_MS * 2 ** ((bin - 1) / BINS_PER_OCTAVE),
)

/** What it ends before, in milliseconds; the last one holds whatever the horizon of evidence does. */
export function endOf(bin: number): number {
  return bin === BINS - 1 ? HORIZON_MS : startOf(bin + 1)
}

const HORIZON_MS = 10 * 60_000

/** Bins that count as near, and as the same, on either side: 6.7 % and 1.1 %. The first one stands for itself. */
const NEAR = 6
const SAME = 1

/** Number of the bins within so many of one. */
const widthOf = (bin: number, reach: number): number =>
  bin === 0 ? 1 : Math.min(BINS - 1, bin + reach) - Math.max(1, bin - reach) + 1
export const nearWidth = (bin: number): number => widthOf(bin, NEAR)
export const sameWidth = (bin: number): number => widthOf(bin, SAME)

const MINUTE_MS = 60_000
/** Whole minutes that are looked back to, the one at hand among them. */
const MINUTES = 10

interface Minute {
  reuses: number
  readonly byBin: Map<number, number>
  readonly resetsByBin: Map<number, number>
}

/**
 * How long the connections of one target and API had been idle when requests took them: of those that ended well and of those
 * that were reset. By minutes of event time, so that what is told of a reset depends on the lines of the horizon only.
 */
export class IdleTimes {
  readonly #minutes = new Map<number, Minute>()
  /** Most dimensions of a log with many see no connection again. */
  #total: Float64Array | null = null
  /** Requests that ended well, of all time, by bin. */
  get total(): Float64Array {
    return this.#total ?? NOTHING
  }

  /** A request that ended well. */
  reused(timeMs: number, idleMs: number): void {
    const minute = this.#minuteOf(timeMs)
    const bin = binOf(idleMs)
    minute.reuses++
    minute.byBin.set(bin, (minute.byBin.get(bin) ?? 0) + 1)
    this.#total ??= new Float64Array(BINS)
    this.#total[bin]++
  }

  /** A request on a connection that had been idle for so long was reset; returns what was seen of requests until then. */
  reset(timeMs: number, idleMs: number): Reuse {
    const bin = binOf(idleMs)
    const last = Math.floor(timeMs / MINUTE_MS)
    const reuse = { idle_ms: idleMs, reuses: 0, reuses_near: 0, reuses_same: 0, resets_near: 0 }
    for (let each = last - MINUTES + 1; each <= last; each++) {
      const minute = this.#minutes.get(each)
      if (minute === undefined) continue
      reuse.reuses += minute.reuses
      const reach = bin === 0 ? 0 : NEAR
      for (let near = Math.max(Math.min(bin, 1), bin - reach); near <= bin + reach; near++) {
        const count = minute.byBin.get(near) ?? 0
        reuse.reuses_near += count
        if (Math.abs(near - bin) <= SAME) reuse.reuses_same += count
        reuse.resets_near += minute.resetsByBin.get(near) ?? 0
      }
    }
    const { resetsByBin } = this.#minuteOf(timeMs)
    resetsByBin.set(bin, (resetsByBin.get(bin) ?? 0) + 1)
    return reuse
  }

  #minuteOf(timeMs: number): Minute {
    const key = Math.floor(timeMs / MINUTE_MS)
    let minute = this.#minutes.get(key)
    if (minute === undefined) {
      minute = { reuses: 0, byBin: new Map(), resetsByBin: new Map() }
      this.#minutes.set(key, minute)
      for (const other of this.#minutes.keys()) if (other < key - 2 * MINUTES) this.#minutes.delete(other)
    }
    return minute
  }
}

const NOTHING = new Float64Array(BINS)
