import type { IdleTimeoutEstimate } from '../diagnose/idle-timeout.js'
import { Judge } from '../diagnose/judge.js'
import { IdleTimesByTarget, type TargetIdleTimes } from '../diagnose/target-idle-times.js'
import type { IndexDocument } from '../records.js'
import type { KnownIdleTimes } from './reuse-evidence.js'

/** Failures that wait for what others tell of their target; some kilobytes each. */
const MAX_HELD = 20_000
/** Some hundred bytes each. */
const MAX_RESETS = 200_000

/** What was read tells of the idle timeouts of targets, by target. */
export interface KnownOfTargets {
  readonly estimates: ReadonlyMap<string, IdleTimeoutEstimate>
  /** How long connections had been idle when requests took them. */
  readonly idleTimes: ReadonlyMap<string, TargetIdleTimes>
}

/**
 * Holds failures until it is known what they were: whether a reset was a race is told by all resets of its target, also by
 * those that come later. Their order stays; what is not a failure passes. Past `maxHeld` the older ones go with what is known by
 * then, and half as many stay.
 */
export class HeldFailures {
  readonly #judge: Judge
  readonly #idleTimes = new IdleTimesByTarget()
  readonly #maxHeld: number
  #held: IndexDocument[] = []

  constructor({
    timeouts,
    maxHeld = MAX_HELD,
  }: { readonly timeouts?: ReadonlyMap<string, number>; readonly maxHeld?: number } = {}) {
    this.#judge = new Judge({ timeouts, maxResets: MAX_RESETS })
    this.#maxHeld = maxHeld
  }

  /** Returns what may go on, in the order in which it came. */
  add(documents: readonly IndexDocument[]): readonly IndexDocument[] {
    const passing: IndexDocument[] = []
    for (const each of documents) {
      if (each.kind !== 'failure') {
        passing.push(each)
        continue
      }
      this.#idleTimes.addFailure(each.document)
      if (this.#judge.add(each.document) || this.#held.length > 0) this.#held.push(each)
      else passing.push(each)
    }
    if (this.#held.length > this.#maxHeld) {
      passing.push(...this.#release(this.#held.length - Math.floor(this.#maxHeld / 2)))
    }
    return passing
  }

  /** The rest: nothing more comes. */
  end(): readonly IndexDocument[] {
    return this.#release(this.#held.length)
  }

  /** Takes the idle times of requests that ended well. */
  known(idleTimes: Iterable<KnownIdleTimes>): KnownOfTargets {
    for (const { target, times } of idleTimes) if (target !== '') this.#idleTimes.add(target, times)
    return { estimates: this.#judge.estimates(), idleTimes: this.#idleTimes.all }
  }

  #release(count: number): IndexDocument[] {
    const released = this.#held.slice(0, count)
    this.#held = this.#held.slice(count)
    return released.map((each) =>
      each.kind === 'failure' ? { ...each, document: this.#judge.judged(each.document) } : each,
    )
  }
}
