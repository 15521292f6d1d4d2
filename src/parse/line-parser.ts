import { copyBytes } from '../byte-map.js'
import { EventView } from '../event-view.js'
import type { LineHandler, TextView } from '../line-handler.js'
import type { Ledger, LineBlock, LineSource, MessagePosition, RejectionReason } from '../records.js'
import { byteOrderMarksLength, CARRIAGE_RETURN, CLOSE, isDigit, NEWLINE, OPEN, OPEN_BRACE, SPACE } from './bytes.js'
import { type Unwrapped, unwrapCri, unwrapDocker } from './envelope.js'
import { type Hole, nextHole, nextNul } from './nul-holes.js'
import { readHead } from './plain-head.js'
import { roleOf } from './role.js'
import { sourceKey } from './source-key.js'
import { changeSource, type LineStart, type OpenEvent, type Part, type SourceState } from './source-state.js'
import { splitEvent } from './split-event.js'
import { noHints, type PartitionHints } from './split-hostile.js'
import { looksLikeTimestamp, TIMESTAMP_LENGTH, TimestampReader } from './timestamp.js'

export interface LineParserOptions {
  /** A longer line is a rejection. */
  readonly maxLineBytes?: number
  /** Looks at warn and error events only; of the ledger `lines` alone is kept. */
  readonly halvesOnly?: boolean
}

const MAX_LINE_BYTES = 1 << 20
/** A torn event line shows at least so many `][`; a stack or a message does not. */
const TORN_SEPARATORS = 7

/**
 * Bytes → entries: calls the handler for each line of the blocks it is given, in order, and keeps the ledger. Total:
 * every line becomes an event, a plain or stats record, a continuation, or a rejection with a reason; none throws.
 *
 * State per source (or per partition, where its sources go on in each other) is small: whether a record came before (for continuations), a record that goes on in the next line
 * (embedded newline), and the parts of a container's split line. `end` and `finish` settle them.
 */
export class LineParser {
  readonly ledger: Ledger = { lines: 0, events: 0, plain: 0, stats: 0, continuations: 0, rejections: 0 }
  readonly #view = new EventView()
  readonly #timestamps = new TimestampReader()
  readonly #sources = new Map<string, SourceState>()
  readonly #hints = new Map<string, PartitionHints>()
  readonly #handler: LineHandler
  readonly #maxLineBytes: number
  readonly #halvesOnly: boolean
  /** Of the block at hand. */
  #hasByteOffsets = true
  #messageAt: LineBlock['messageAt']
  /** Where the line at hand begins in the block. */
  #lineIndex = 0
  /** Of a line that was put together, while it is looked at. */
  #firstMessage: MessagePosition | undefined

  constructor(handler: LineHandler, { maxLineBytes = MAX_LINE_BYTES, halvesOnly = false }: LineParserOptions = {}) {
    this.#handler = handler
    this.#maxLineBytes = maxLineBytes
    this.#halvesOnly = halvesOnly
  }

  parse({ source, bytes, offset, last, offsetAt, messageAt }: LineBlock): void {
    const state = this.#stateOf(source)
    if (state.source !== source) changeSource(state, source, offset)
    this.#hasByteOffsets = offsetAt === undefined
    this.#messageAt = messageAt
    let start = 0
    let nul = nextNul(bytes, 0)
    while (start < bytes.length) {
      const newline = bytes.indexOf(NEWLINE, start)
      const end = endOfText(bytes, start, newline < 0 ? bytes.length : newline)
      const lineOffset = offsetAt === undefined ? offset + start : offsetAt(start)
      this.#lineIndex = start
      if (nul < end) {
        this.#lineWithNuls(state, bytes, { start, end }, lineOffset)
        nul = nextNul(bytes, end)
      } else this.#take(state, bytes, start, end, lineOffset)
      start = newline < 0 ? bytes.length : newline + 1
    }
    if (last && source.goesOn !== true) this.end(source)
  }

  /** Settles what is open in a source that gives no more lines. */
  end(source: LineSource): void {
    const key = sourceKey(source)
    const state = this.#sources.get(key)
    if (state === undefined) return
    this.#settle(state)
    this.#sources.delete(key)
  }

  /** Settles all that is open: the end of all input. */
  finish(): void {
    for (const state of this.#sources.values()) this.#settle(state)
    this.#sources.clear()
  }

  /** What is open stays unfinished. */
  #settle(state: SourceState): void {
    this.#closeOpen(state)
    for (const part of state.parts.values()) this.#closePart(state, part)
    state.parts.clear()
  }

  /** False where a record of the partition may go on in lines to come. */
  isWhole(partition: string): boolean {
    for (const { source, open, parts } of this.#sources.values()) {
      if (source.partition === partition && (open !== null || parts.size > 0)) return false
    }
    return true
  }

  /** Lets go, untold, of what is open in partitions that are no longer read here. */
  forget(isGone: (partition: string) => boolean): void {
    for (const [key, { source }] of this.#sources) if (isGone(source.partition)) this.#sources.delete(key)
    for (const partition of this.#hints.keys()) if (isGone(partition)) this.#hints.delete(partition)
  }

  #stateOf(source: LineSource): SourceState {
    const key = sourceKey(source)
    const known = this.#sources.get(key)
    if (known !== undefined) return known
    const hints = this.#hints.get(source.partition) ?? noHints()
    this.#hints.set(source.partition, hints)
    const state = { source, hints, hasRecord: false, open: null, parts: new Map() }
    this.#sources.set(key, state)
    return state
  }

  #take(state: SourceState, bytes: Uint8Array, start: number, end: number, offset: number): void {
    this.ledger.lines++
    if (!this.#halvesOnly || mayBeHalf(bytes, start, end)) this.#physicalLine(state, bytes, start, end, offset)
  }

  /** A hole ends a line as `\n` does, and is a rejection of its own: what stood there is lost. */
  #lineWithNuls(state: SourceState, bytes: Uint8Array, line: Hole, offset: number): void {
    const offsetOf = (index: number) => (this.#hasByteOffsets ? offset + index - line.start : offset)
    let from = line.start
    for (let hole = nextHole(bytes, line, from); hole !== null; hole = nextHole(bytes, line, from)) {
      if (hole.start > from) this.#take(state, bytes, from, endOfText(bytes, from, hole.start), offsetOf(from))
      this.ledger.lines++
      this.#settle(state)
      state.hasRecord = false
      if (!this.#halvesOnly) this.#rejectHole(state, bytes, hole, offsetOf(hole.start))
      from = hole.end
    }
    if (from < line.end) this.#take(state, bytes, from, line.end, offsetOf(from))
  }

  #physicalLine(state: SourceState, bytes: Uint8Array, start: number, end: number, offset: number): void {
    if (end - start > this.#maxLineBytes) {
      this.#closeOpen(state)
      return this.#rejectBegin('too_long', state, bytes.subarray(start, end), { offset, message: this.#message() })
    }
    const first = bytes[start]
    if (first === OPEN_BRACE && end > start) {
      const unwrapped = unwrapDocker(bytes, start, end)
      if (unwrapped !== null) return this.#containerLine(state, unwrapped, offset)
    } else if (end - start > TIMESTAMP_LENGTH && isDigit(first) && bytes[start + 10] === 0x54) {
      if (bytes[start + TIMESTAMP_LENGTH + 1] !== OPEN) {
        const unwrapped = unwrapCri(bytes, start, end)
        if (unwrapped !== null) return this.#containerLine(state, unwrapped, offset)
      }
    }
    this.#line(state, bytes, start, end, offset)
  }

  #containerLine(state: SourceState, { bytes, start, end, stream, partial }: Unwrapped, offset: number): void {
    const part = state.parts.get(stream)
    if (part === undefined && !partial) {
      return this.#line(state, bytes, start, endOfText(bytes, start, end), offset)
    }
    const whole = part ?? { chunks: [], length: 0, pieces: 0, offset, message: this.#message() }
    whole.pieces++
    // Past the limit the line is a rejection whatever it holds, so its bytes need not be kept.
    if (whole.length <= this.#maxLineBytes) whole.chunks.push(copyBytes(bytes, start, end))
    whole.length += end - start
    if (partial) {
      state.parts.set(stream, whole)
      return
    }
    state.parts.delete(stream)
    this.ledger.continuations += whole.pieces - 1
    const joined = concatenate(whole.chunks)
    if (whole.length > this.#maxLineBytes) return this.#rejectBegin('too_long', state, joined, whole)
    this.#firstMessage = whole.message
    this.#line(state, joined, 0, endOfText(joined, 0, joined.length), whole.offset)
    this.#firstMessage = undefined
  }

  #closePart(state: SourceState, part: Part): void {
    this.ledger.continuations += part.pieces - 1
    const joined = concatenate(part.chunks)
    this.#rejectBegin('unterminated', state, joined, part)
  }

  #line(state: SourceState, bytes: Uint8Array, start: number, end: number, offset: number): void {
    const timeMs = this.#timestamps.read(bytes, start, end)
    if (!Number.isNaN(timeMs)) {
      if (state.open !== null) this.#closeOpen(state)
      state.hasRecord = true
      if (bytes[start + TIMESTAMP_LENGTH] !== SPACE) return this.#reject('bad_level', state, bytes, start, end, offset)
      if (bytes[start + TIMESTAMP_LENGTH + 1] === OPEN && !isDigit(bytes[start + TIMESTAMP_LENGTH + 2])) {
        return this.#event(state, bytes, start, end, offset, timeMs)
      }
      return this.#plain(state, bytes, start, end, offset, timeMs)
    }
    this.#otherLine(state, bytes, start, end, offset)
  }

  #event(state: SourceState, bytes: Uint8Array, start: number, end: number, offset: number, timeMs: number): void {
    let lineEnd = end
    while (bytes[lineEnd - 1] === SPACE) lineEnd--
    const reason = splitEvent(this.#view, bytes, start, lineEnd, state.hints)
    if (reason === null) return this.#emitEvent(state, offset, timeMs)
    if (reason === 'unterminated' || reason === 'missing_fields') {
      state.open = {
        reason,
        timeMs,
        offset,
        message: this.#message(),
        lines: 1,
        attempts: 0,
        chunks: [copyBytes(bytes, start, end)],
        length: end - start,
      }
      return
    }
    this.#reject(reason, state, bytes, start, end, offset, timeMs)
  }

  #emitEvent(state: SourceState, offset: number, timeMs: number): void {
    const view = this.#view
    view.source = state.source
    view.offset = offset
    view.timeMs = timeMs
    view.role = roleOf(view)
    this.ledger.events++
    this.#handler.event(view)
  }

  #plain(state: SourceState, bytes: Uint8Array, start: number, end: number, offset: number, timeMs: number): void {
    const head = readHead(bytes, start + TIMESTAMP_LENGTH + 1, end)
    if (head === null) return this.#reject('bad_level', state, bytes, start, end, offset, timeMs)
    const { source } = state
    const view: TextView = { bytes, source, offset, timeMs, lineStart: start, lineEnd: end, ...head }
    if (head.level === 'stats') {
      this.ledger.stats++
      this.#handler.stats(view)
    } else {
      this.ledger.plain++
      this.#handler.plain(view)
    }
  }

  /** A line without a time of its own: part of the record before it, or nothing we know. */
  #otherLine(state: SourceState, bytes: Uint8Array, start: number, end: number, offset: number): void {
    const mark = byteOrderMarksLength(bytes, start, end)
    if (mark > 0) return this.#line(state, bytes, start + mark, end, this.#hasByteOffsets ? offset + mark : offset)
    if (state.open !== null) return this.#continueOpen(state, state.open, bytes, start, end)
    if (looksLikeTimestamp(bytes, start, end)) return this.#reject('bad_timestamp', state, bytes, start, end, offset)
    if (start !== end && isTornEvent(bytes, start, end)) {
      return this.#reject('bad_timestamp', state, bytes, start, end, offset)
    }
    if (!state.hasRecord && start !== end) {
      const reason = bytes[start] === OPEN_BRACE ? 'bad_envelope' : 'no_record'
      return this.#reject(reason, state, bytes, start, end, offset)
    }
    this.ledger.continuations++
    this.#handler.continuation(state.source, bytes, start, end, offset)
  }

  /** The gateway writes a record in one piece, so the lines behind an unfinished one are its own. */
  #continueOpen(state: SourceState, open: OpenEvent, bytes: Uint8Array, start: number, end: number): void {
    open.lines++
    if (open.length + end - start + 1 > this.#maxLineBytes) return this.#closeOpen(state)
    open.chunks.push(NEWLINE_BYTES, copyBytes(bytes, start, end))
    open.length += end - start + 1
    if (bytes[end - 1] !== CLOSE || end === start || ++open.attempts > MAX_ATTEMPTS) return
    const joined = concatenate(open.chunks)
    open.chunks = [joined]
    const reason = splitEvent(this.#view, joined, 0, joined.length, state.hints)
    if (reason === 'unterminated' || reason === 'missing_fields') return
    if (reason !== null) {
      open.reason = reason
      return this.#closeOpen(state)
    }
    state.open = null
    this.ledger.continuations += open.lines - 1
    this.#emitEvent(state, open.offset, open.timeMs)
  }

  #closeOpen(state: SourceState): void {
    const { open } = state
    if (open === null) return
    state.open = null
    this.ledger.continuations += open.lines - 1
    const joined = concatenate(open.chunks)
    this.#reject(open.reason, state, joined, 0, joined.length, open.offset, open.timeMs, open)
  }

  #rejectHole(state: SourceState, bytes: Uint8Array, { start, end }: Hole, offset: number): void {
    const shown = Math.min(end, start + HOLE_TEXT_BYTES)
    const cut = { message: this.#message(), isCut: shown < end }
    this.#reject('control_bytes', state, bytes, start, shown, offset, Number.NaN, cut)
  }

  /** Of a line that may be very long, its begin alone is shown. */
  #rejectBegin(reason: RejectionReason, state: SourceState, bytes: Uint8Array, { offset, message }: LineStart): void {
    const isCut = bytes.length > REJECTED_TEXT_BYTES
    const length = isCut ? REJECTED_TEXT_BYTES : bytes.length
    this.#reject(reason, state, bytes, 0, length, offset, Number.NaN, { message, isCut })
  }

  #reject(
    reason: RejectionReason,
    state: SourceState,
    bytes: Uint8Array,
    lineStart: number,
    lineEnd: number,
    offset: number,
    timeMs = Number.NaN,
    { message, isCut }: Pick<TextView, 'message' | 'isCut'> = { message: this.#message() },
  ): void {
    const { source } = state
    this.ledger.rejections++
    const bounds = { bytes, lineStart, lineEnd, textStart: lineStart }
    this.#handler.rejection(reason, { ...bounds, source, offset, timeMs, level: null, pid: null, message, isCut })
  }

  /** The message in which the line at hand began. */
  #message(): MessagePosition | undefined {
    return this.#firstMessage ?? this.#messageAt?.(this.#lineIndex)
  }
}

/** How much of an over-long line is kept to show what it was. */
const REJECTED_TEXT_BYTES = 4096
/** One NUL byte looks like another. */
const HOLE_TEXT_BYTES = 16
/** Each try joins and splits the whole record: bounded, so that hostile lines stay linear. */
const MAX_ATTEMPTS = 32
const NEWLINE_BYTES = new Uint8Array([NEWLINE])

/** A warn or error event, or a line in a container's envelope: the level is looked at before anything else. */
function mayBeHalf(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= TIMESTAMP_LENGTH + 2) return false
  const behind = start + TIMESTAMP_LENGTH
  if (bytes[behind] === SPACE && bytes[behind + 1] === OPEN) {
    const level = bytes[behind + 2]
    return level === 0x77 || level === 0x65
  }
  if (bytes[start] === OPEN_BRACE) return true
  // A container's line: its time has any number of decimals, also just as many as the gateway's; `std…` follows.
  return (
    isDigit(bytes[start]) && (bytes[behind] !== SPACE || (bytes[behind + 1] === 0x73 && bytes[behind + 3] === 0x64))
  )
}

/** Where a line ends that may end in `\r\n`. */
function endOfText(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
}

function isTornEvent(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[end - 1] !== CLOSE) return false
  let separators = 0
  for (let i = start; i < end - 1; i++) if (bytes[i] === CLOSE && bytes[i + 1] === OPEN) separators++
  return separators >= TORN_SEPARATORS
}
