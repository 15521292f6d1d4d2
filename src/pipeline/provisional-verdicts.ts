import { Judge } from '../diagnose/judge.js'
import type { IndexDocument } from '../records.js'

/** Some six hundred bytes each; those of the last two days stay in any case. */
const MAX_RESETS = 50_000
/** Enough for a first verdict, and little enough for hundreds of targets that reset all day. */
const MAX_RESETS_OF_DAY = 2_000
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
    this.#judge = new Judge({ timeouts, maxResets: MAX_RESETS, maxResetsOfDay: MAX_RESETS_OF_DAY, patience: PATIENCE })
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
