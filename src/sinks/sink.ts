import type { IndexDocument } from '../records.js'

/**
 * Where documents go. `write` resolves once each document is stored; positions move only then. It throws
 * `TransientError` (write the same batch again) or `PermanentError` (stop). Writing a batch again, whole or in part,
 * changes nothing.
 */
export interface Sink {
  readonly name: string
  write(documents: readonly IndexDocument[]): Promise<void>
  close(): Promise<void>
}
