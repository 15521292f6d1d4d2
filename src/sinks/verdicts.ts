import type { JudgedFailure } from '../judged-failure.js'
import type { Cause, FailureDocument } from '../records.js'
import type { Derived, Stored } from './settler.js'

/**
 * Failures of a target that are to be judged again: those whose time lies in `[fromMs, untilMs)`, by what those in
 * `[sinceMs, untilMs)` tell.
 */
export interface Case {
  readonly target: string
  readonly sinceMs: number
  readonly fromMs: number
  readonly untilMs: number
}

/** Judges failures by what others of their target tell: a function of those as a set. */
export interface Verdicts {
  /** Causes of failures that others may tell, where the idle time of their connection is known; a verdict is one of them. */
  readonly causes: readonly Cause[]
  /** What must be judged again where a failure has come or changed that stands, or stood, at this time; null where nothing. */
  caseOf(failure: JudgedFailure, timeMs: number): Case | null
  /** A judge who knows nothing yet. */
  newJudge(): VerdictJudge
}

export interface VerdictJudge {
  add(failure: JudgedFailure): void
  /** The failure with its cause; the same object where that is so already. */
  judged<Failure extends JudgedFailure>(failure: Failure): Failure
}

/**
 * What became of one look at a case: there was nothing to judge, nothing differed, verdicts were written, or another had changed a
 * document meanwhile.
 */
export type Pass = 'empty' | 'right' | 'written' | 'refused'

export interface RevisionOptions {
  readonly verdicts: Verdicts
  /** Reads a case, judges it and writes the verdicts that differ. */
  readonly pass: (open: Case) => Promise<Pass>
  /** Waits before a case is looked at again that another was writing, too; may throw to stop. */
  readonly pause?: (conflicts: number) => Promise<void>
}

/**
 * Keeps the verdicts of a store: those of a target and its days are judged again where one of its failures has changed, until a
 * pass has nothing to write. So they depend on what is stored alone, never on the order of writes, and a crash in between is
 * made good by whoever stores those failures again.
 */
export class Revision implements Derived {
  readonly #options: RevisionOptions
  #open = new Map<string, Case>()

  constructor(options: RevisionOptions) {
    this.#options = options
  }

  mark(documents: readonly Stored[]): void {
    for (const { document } of documents) {
      if (!isFailure(document)) continue
      for (const timeMs of timesOf(document)) {
        const open = this.#options.verdicts.caseOf(document, timeMs)
        if (open !== null) this.#open.set(JSON.stringify([open.target, open.fromMs]), open)
      }
    }
  }

  async settle(): Promise<void> {
    const due = this.#open
    this.#open = new Map()
    try {
      for (const [key, open] of due) {
        if (!(await this.#revise(open))) this.#open.set(key, open)
        due.delete(key)
      }
    } catch (error) {
      for (const [key, open] of due) this.#open.set(key, open)
      throw error
    }
  }

  /** False where failures keep coming, so that each pass finds something to write: the last pass is left to the next call. */
  async #revise(open: Case): Promise<boolean> {
    const { pass, pause } = this.#options
    let written = 0
    let conflicts = 0
    for (;;) {
      const result = await pass(open)
      if (result === 'empty' || result === 'right') return true
      if (result === 'written') written++
      else await pause?.(++conflicts)
      if (written >= MAX_PASSES) return false
    }
  }
}

const MAX_PASSES = 5

/** Its own, and those of its halves: it stood there while it had that half alone. Nearly always of one day, which is told once. */
function timesOf({
  '@timestamp': time,
  edgemicro: { target_halves, client_half },
}: FailureDocument): readonly number[] {
  const times = new Map([[time.slice(0, 10), time]])
  for (const { timestamp } of target_halves) times.set(timestamp.slice(0, 10), timestamp)
  if (client_half !== null) times.set(client_half.timestamp.slice(0, 10), client_half.timestamp)
  return [...times.values()].map((each) => Date.parse(each))
}

function isFailure(document: Stored['document']): document is FailureDocument {
  return 'http' in document
}
