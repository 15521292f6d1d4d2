import type { DeadLetter, RejectionReason } from '../../records.js'

/**
 * Where dead letters go. `write` resolves once all of them are kept; positions move only then. It tries again by itself
 * what may pass, and throws `TransientError` only where the run stops meanwhile, `PermanentError` where nothing more can
 * be kept. At least once: after an error, or a crash, some of them may be there already. One call at a time.
 */
export interface DeadLetterSink {
  write(letters: readonly DeadLetter[]): Promise<void>
  close(): Promise<void>
}

/** Why a line could not be used; `refused`: a store did not take a document. */
export type DeadLetterReason = RejectionReason | 'refused'

/** The reason from a closed list: what a store said of a document is its own text. */
export function reasonOf(letter: DeadLetter): DeadLetterReason {
  return letter.kind === 'refused' ? 'refused' : letter.reason
}
