import type { Reuse } from '../records.js'

/** Shortest idle time that is told apart from shorter ones, in milliseconds: no server closes what was idle for less. */
const SHORTEST_MS = 128
const BINS_PER_OCTAVE = 64
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

/** Tumbling windows of event time that are looked at: the one at hand and the one before it. */
export const WINDOW_MS = 5 * 60_000
/** Windows that are kept: the lines of a worker that lags stand behind those of the others. */
const KEPT = 4

class Window {
  reuses = 0
  readonly byBin = new Uint32Array(BINS)
  resetsByBin: Uint32Array | null = null
}

/**
 * How long the connections of one target and API had been idle when requests took them: of those that ended well and of those
 * that were reset. By tumbling windows of event time in which connections were taken, so that what is told of a reset depends on
 * the requests of the horizon only.
 */
export class IdleTimes {
  readonly #windows = new Map<number, Window>()
  #lastWindow = Number.NaN
  #last: Window | null = null
  /** Requests that ended well, of windows that are not kept any more. */
  #before: Float64Array | null = null

  /** Requests that ended well, of all time, by bin. */
  get total(): Float64Array {
    const total = this.#before?.slice() ?? new Float64Array(BINS)
    for (const window of this.#windows.values()) addTo(total, window)
    return total
  }

  /** A request that ended well, whose connection was taken at `takenMs`. */
  reused(takenMs: number, idleMs: number): void {
    const window = this.#windowAt(takenMs)
    const bin = binOf(idleMs)
    window.reuses++
    window.byBin[bin]++
  }

  /**
   * A request on a connection that had been idle for so long, and was taken at `takenMs`, was reset at `timeMs`; returns what
   * was seen of requests until then.
   */
  reset(timeMs: number, takenMs: number, idleMs: number): Reuse {
    const bin = binOf(idleMs)
    const reuse = { idle_ms: idleMs, reuses: 0, reuses_near: 0, reuses_same: 0, resets_near: 0 }
    const last = Math.floor(timeMs / WINDOW_MS)
    for (const key of [last - 1, last]) {
      const window = this.#windows.get(key)
      if (window !== undefined) addSeen(reuse, window, bin)
    }
    const taken = this.#windowAt(takenMs)
    taken.resetsByBin ??= new Uint32Array(BINS)
    taken.resetsByBin[bin]++
    return reuse
  }

  #windowAt(timeMs: number): Window {
    const key = Math.floor(timeMs / WINDOW_MS)
    if (key === this.#lastWindow && this.#last !== null) return this.#last
    let window = this.#windows.get(key)
    if (window === undefined) {
      window = new Window()
      this.#windows.set(key, window)
      this.#forget(key - KEPT)
    }
    this.#lastWindow = key
    this.#last = window
    return window
  }

  #forget(lastKey: number): void {
    for (const [key, window] of this.#windows) {
      if (key > lastKey) continue
      this.#before ??= new Float64Array(BINS)
      addTo(this.#before, window)
      this.#windows.delete(key)
    }
  }
}

function addTo(total: Float64Array, { byBin }: Window): void {
  for (let bin = 0; bin < BINS; bin++) total[bin] += byBin[bin]
}

function addSeen(reuse: Writable<Reuse>, { reuses, byBin, resetsByBin }: Window, bin: number): void {
  const reach = bin === 0 ? 0 : NEAR
  const to = Math.min(BINS - 1, bin + reach)
  reuse.reuses += reuses
  for (let near = Math.max(Math.min(bin, 1), bin - reach); near <= to; near++) {
    reuse.reuses_near += byBin[near]
    if (Math.abs(near - bin) <= SAME) reuse.reuses_same += byBin[near]
    reuse.resets_near += resetsByBin?.[near] ?? 0
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }
