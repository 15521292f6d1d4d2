import type { LineSource, MessagePosition, RejectionReason } from '../records.js'
import type { PartitionHints } from './split-hostile.js'

/** What is open in a source. */
export interface SourceState {
  /** The one that gave lines last. */
  source: LineSource
  readonly hints: PartitionHints
  hasRecord: boolean
  open: OpenEvent | null
  readonly parts: Map<string, Part>
}

/** Where a line of several pieces began. */
export interface LineStart {
  offset: number
  readonly message: MessagePosition | undefined
}

/** An event whose last field has not come yet: a message holds a newline. */
export interface OpenEvent extends LineStart {
  reason: RejectionReason
  readonly timeMs: number
  lines: number
  /** Lines so far that might have been its last. */
  attempts: number
  chunks: Uint8Array[]
  length: number
}

/** The pieces so far of a line that a container runtime has cut. */
export interface Part extends LineStart {
  readonly chunks: Uint8Array[]
  length: number
  pieces: number
}

/** What began in the source before is told at the place where it goes on. */
export function changeSource(state: SourceState, source: LineSource, offset: number): void {
  state.source = source
  if (source.goesOn !== true) return
  if (state.open !== null) state.open.offset = offset
  for (const part of state.parts.values()) part.offset = offset
}
