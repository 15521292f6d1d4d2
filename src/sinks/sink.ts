import type { IndexDocument, ShipperDocument } from '../records.js'

/**
 * Where documents go. `write` resolves once each document is stored or is a dead letter with its reason; positions move
 * only then. It tries again by itself what may pass, for as long as that takes, and throws `TransientError` only where
 * the run stops meanwhile, `PermanentError` where nothing more can be stored. Writing a batch again, whole or in part,
 * changes nothing. Calls that are not waited for take effect in their order.
 */
export interface Sink {
  readonly name: string
  /** How many writes may be under way at a time; 1 where absent. */
  readonly maxWrites?: number
  write(documents: readonly IndexDocument[]): Promise<void>
  /**
   * Resolves once what the store derives from all documents written so far (`hangup-frequency`) is up to date.
   * Checkpoints wait for it. Absent where nothing is derived. It may take its time to do more at once, but with `now`.
   */
  settle?(options?: { readonly now?: boolean }): Promise<void>
  /** Takes a sign of life of the run. Never waits for a store that is away: then it is lost. */
  report?(document: ShipperDocument): void
  close(): Promise<void>
}
