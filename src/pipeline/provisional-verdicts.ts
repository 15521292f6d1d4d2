import { Judge } from '../diagnose/judge.js'
import type { IndexDocument } from '../records.js'

/** Some hundred bytes each; those of the last two days stay in any case. */
const MAX_RESETS = 50_000
/** A target's resets are weighed again when they are a quarter more: some fifty times for ten thousand. */
const PATIENCE = 0.25

/**
 * Failures as they are given out while more may come: each with the cause that the resets which this process has seen so far
 * tell. Stores judge them again, from all that they hold.
 */
export class ProvisionalVerdicts {
  readonly #judge: Judge

  /** Idle timeouts of targets where they are known, in milliseconds. */
  constructor(timeouts: ReadonlyMap<string, number>) {
    this.#judge = new Judge({ timeouts, maxResets: MAX_RESETS, patience: PATIENCE })
  }

  add(documents: readonly IndexDocument[]): readonly IndexDocument[] {
    const isOpen = documents.map((each) => each.kind === 'failure' && this.#judge.add(each.document))
    return documents.map((each, index) =>
      isOpen[index] && each.kind === 'failure' ? { ...each, document: this.#judge.judged(each.document) } : each,
    )
  }

  /** Nothing is held back. */
  end(): readonly IndexDocument[] {
    return []
  }
}
