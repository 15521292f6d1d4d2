import type { EventView } from './event-view.js'
import type { LineSource, MessagePosition, RejectionReason } from './records.js'

/** A plain, stats or rejected line as byte bounds; like `EventView`, valid inside the handler's call only. */
export interface TextView {
  readonly bytes: Uint8Array
  readonly source: LineSource
  readonly offset: number
  /** NaN for a rejected line that has no time. */
  readonly timeMs: number
  /** Bounds of the whole line, without its line end. */
  readonly lineStart: number
  readonly lineEnd: number
  readonly level: string | null
  readonly pid: string | null
  /** Where the text behind level and pid begins; it ends with the line. */
  readonly textStart: number
  /** Of a rejected line that came through Kafka: the message in which it began. */
  readonly message?: MessagePosition
  /** Of a rejected line: it is longer than what the bounds hold of it. */
  readonly isCut?: boolean
}

/** Takes what the parser finds, in the order of the lines. Views are reused: copy what must live longer. */
export interface LineHandler {
  event(view: EventView): void
  plain(view: TextView): void
  stats(view: TextView): void
  /** A line that belongs to the record before it in the same source: a stack, a blank, a message's next line. */
  continuation(source: LineSource, bytes: Uint8Array, start: number, end: number, offset: number): void
  rejection(reason: RejectionReason, view: TextView): void
}
