import type { FailureDocument } from '../records.js'
import { resetOf } from './document-reset.js'
import { BINS, binOf, endOf, type IdleTimes, startOf } from './idle-times.js'

/** Of one target, by bin: how long connections had been idle when requests took them, by how the requests ended. */
export class TargetIdleTimes {
  /** Requests that ended well. */
  readonly well = new Float64Array(BINS)
  /** Requests that were reset. */
  readonly resets = new Float64Array(BINS)

  add({ total }: IdleTimes): void {
    for (let bin = 0; bin < BINS; bin++) this.well[bin] += total[bin]
  }

  reset(idleMs: number): void {
    this.resets[binOf(idleMs)]++
  }

  /** Requests per millisecond whose connection had been idle for about as long: within `reach` of it, a share of one. */
  densityNear(idleMs: number, reach: number): number {
    const from = binOf(idleMs * (1 - reach))
    const to = binOf(idleMs * (1 + reach))
    let count = 0
    for (let bin = from; bin <= to; bin++) count += this.well[bin] + this.resets[bin]
    return count / (endOf(to) - startOf(from))
  }

  /** Requests with an idle time in `[fromMs, toMs)`, by the bins' middles. */
  between(fromMs: number, toMs: number): { readonly well: number; readonly resets: number } {
    let well = 0
    let resets = 0
    for (let bin = 0; bin < BINS; bin++) {
      const middleMs = (startOf(bin) + endOf(bin)) / 2
      if (middleMs < fromMs || middleMs >= toMs) continue
      well += this.well[bin]
      resets += this.resets[bin]
    }
    return { well, resets }
  }
}

/** The same for any number of targets. */
export class IdleTimesByTarget {
  readonly #byTarget = new Map<string, TargetIdleTimes>()

  /** Counts a failure where it is the reset of a connection that had been idle. */
  addFailure(document: FailureDocument): void {
    const reset = resetOf(document)
    const { target } = document.edgemicro
    if (reset !== null && target !== null) this.#of(target).reset(reset.idle_ms)
  }

  /** Adds the requests that ended well. */
  add(target: string, times: IdleTimes): void {
    this.#of(target).add(times)
  }

  get all(): ReadonlyMap<string, TargetIdleTimes> {
    return this.#byTarget
  }

  #of(target: string): TargetIdleTimes {
    let times = this.#byTarget.get(target)
    if (times === undefined) {
      times = new TargetIdleTimes()
      this.#byTarget.set(target, times)
    }
    return times
  }
}
