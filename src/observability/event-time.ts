/** A partition that gave no lines for so long has none that wait. */
const ACTIVE_MS = 60_000
/** Times that lie further ahead of our clock are torn or forged. */
const MAX_AHEAD_MS = 3_600_000

/** How far event time has got over all partitions, for the lag. */
export class EventTime {
  readonly #partitions = new Map<string, { reachedMs: number; seenMs: number }>()
  #latestMs = Number.NEGATIVE_INFINITY

  /** `maxMs`: the largest event time in lines of the partition that were just read, or minus infinity. */
  note(partition: string, maxMs: number, nowMs: number): void {
    if (maxMs > nowMs + MAX_AHEAD_MS) return
    const known = this.#partitions.get(partition)
    const reachedMs = Math.max(maxMs, known?.reachedMs ?? maxMs)
    if (reachedMs === Number.NEGATIVE_INFINITY) return
    if (reachedMs > this.#latestMs) this.#latestMs = reachedMs
    if (known === undefined) this.#partitions.set(partition, { reachedMs, seenMs: nowMs })
    else Object.assign(known, { reachedMs, seenMs: nowMs })
  }

  /**
   * The time that the partition furthest behind has reached, of those that gave lines within the last minute; where none
   * did, the latest of all. Null before the first line. A source that is silent lags as one that is behind does: only
   * whether lines come tells them apart.
   */
  reachedMs(nowMs: number): number | null {
    let leastMs = Number.POSITIVE_INFINITY
    for (const [partition, { reachedMs, seenMs }] of this.#partitions) {
      if (nowMs - seenMs > ACTIVE_MS) this.#partitions.delete(partition)
      else leastMs = Math.min(leastMs, reachedMs)
    }
    if (leastMs !== Number.POSITIVE_INFINITY) return leastMs
    return this.#latestMs === Number.NEGATIVE_INFINITY ? null : this.#latestMs
  }
}
