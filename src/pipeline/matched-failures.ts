import type { CaptureMatches } from '../pcap/match/capture-matches.js'
import type { IndexDocument } from '../records.js'

/** Failures that wait for the others of their captures; some kilobytes each. */
const MAX_HELD = 50_000

/**
 * Holds failures from the first one that may be in a capture on until none that comes may be in one: which packets are whose is
 * told by all of them. Their order stays; what is not a failure passes.
 */
export class MatchedFailures {
  #held: IndexDocument[] = []
  #isMatched = false

  constructor(
    private readonly matches: CaptureMatches,
    private readonly maxHeld = MAX_HELD,
  ) {}

  /** Returns what may go on, in the order in which it came. */
  add(documents: readonly IndexDocument[]): readonly IndexDocument[] {
    const passing: IndexDocument[] = []
    for (const each of documents) {
      if (each.kind !== 'failure' || this.#isMatched) passing.push(this.#judged(each))
      else if (this.matches.add(each.document) || this.#held.length > 0) this.#held.push(each)
      else passing.push(each)
    }
    return this.#held.length > this.maxHeld ? [...passing, ...this.end()] : passing
  }

  /** The rest, with what packets tell: nothing more comes that packets are looked for. */
  end(): readonly IndexDocument[] {
    if (!this.#isMatched) this.matches.match()
    this.#isMatched = true
    const released = this.#held.map((each) => this.#judged(each))
    this.#held = []
    return released
  }

  #judged(each: IndexDocument): IndexDocument {
    return each.kind === 'failure' ? { ...each, document: this.matches.judged(each.document) } : each
  }
}
