import { Judge } from '../diagnose/judge.js'
import type { IndexDocument } from '../records.js'

/** Failures that wait for what others tell of their target; some kilobytes each. */
const MAX_HELD = 20_000

/**
 * Holds failures until it is known what they were: whether a reset was a race is told by all resets of its target, also by
 * those that come later. Their order stays; what is not a failure passes. Past `maxHeld` the older ones go with what is known by
 * then, and half as many stay.
 */
export class HeldFailures {
  readonly judge: Judge
  readonly #maxHeld: number
  #held: IndexDocument[] = []

  constructor({
    timeouts,
    maxHeld = MAX_HELD,
  }: { readonly timeouts?: ReadonlyMap<string, number>; readonly maxHeld?: number } = {}) {
    this.judge = new Judge(timeouts)
    this.#maxHeld = maxHeld
  }

  /** Returns what may go on, in the order in which it came. */
  add(documents: readonly IndexDocument[]): readonly IndexDocument[] {
    const passing: IndexDocument[] = []
    for (const each of documents) {
      if (each.kind !== 'failure') passing.push(each)
      else if (this.judge.add(each.document) || this.#held.length > 0) this.#held.push(each)
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

  #release(count: number): IndexDocument[] {
    const released = this.#held.slice(0, count)
    this.#held = this.#held.slice(count)
    return released.map((each) =>
      each.kind === 'failure' ? { ...each, document: this.judge.judged(each.document) } : each,
    )
  }
}
