import { copyBytes } from '../../byte-map.js'
import { decode, type EventView } from '../../event-view.js'
import type { LineHandler, TextView } from '../../line-handler.js'
import { LineParser } from '../../parse/line-parser.js'
import { sourceKey } from '../../parse/source-key.js'
import type { Ledger, LineBlock, LineSource, RejectionReason } from '../../records.js'
import type { Redactor } from '../../redact/redactor.js'
import { LineBytes } from './line-bytes.js'
import { writeRedactedLine } from './redact-event.js'

/** Whole lines of one source as they may leave the host. */
export interface ShippedLines {
  readonly source: LineSource
  readonly bytes: Buffer
  /** Where lines begin in `bytes`, ascending from 0, and where each of these began in the source. */
  readonly starts: readonly number[]
  readonly offsets: readonly number[]
}

const NEWLINE = 0x0a
const SPACE = 0x20
const CARRIAGE_RETURN = 0x0d
const NEWLINE_BYTES = new Uint8Array([NEWLINE])
const TIMESTAMP_LENGTH = 24
/** Text behind a record that is looked at as one, as for documents; what is longer is cut, its lines stay as blank ones. */
const SUBSTITUTE = 0x1a
const MAX_CONTINUATION_BYTES = 65_536

/**
 * Lines → the same lines without secrets, by the rules for documents: parsed, they give the same failures, traffic and
 * ledger as the lines themselves. Each line stays one: where a secret stretched over several, blank lines follow the
 * record. A line out of a container's envelope leaves without it, its pieces put together; a rejected one leaves masked.
 *
 * What is given out lags behind what was read: lines behind a record are looked at together, since a secret may stretch
 * over them, and a record that is not complete waits in the parser. `end` gives out what waits.
 */
export class RedactedLines implements LineHandler {
  readonly #redactor: Redactor
  readonly #parser = new LineParser(this)
  readonly #sources = new Map<string, SourceState>()
  #shipped: ShippedLines[] = []
  readonly #out = new LineBytes()
  #starts: number[] = []
  #offsets: number[] = []
  /** Of what is in `#out`. */
  #source: LineSource | null = null
  /** The ledger's continuations for which a line has been written, or is held. */
  #coveredContinuations = 0

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  get ledger(): Readonly<Ledger> {
    return this.#parser.ledger
  }

  add(block: LineBlock): void {
    this.#parser.parse(block)
    if (block.last && block.source.goesOn !== true) this.end(block.source)
  }

  /** Settles and gives out what waits in a source: it has ended, or was quiet for a while. */
  end(source: LineSource): void {
    this.#parser.end(source)
    const state = this.#stateOf(source)
    this.#closeContinuation(state)
    this.#sources.delete(sourceKey(source))
  }

  /** The lines since the last call, in order. */
  take(): readonly ShippedLines[] {
    this.#closeSource()
    const shipped = this.#shipped
    this.#shipped = []
    return shipped
  }

  event(view: EventView): void {
    const from = this.#begin(view.source, view.offset)
    writeRedactedLine(view, this.#redactor, this.#out)
    this.#endRecord(from)
  }

  plain(view: TextView): void {
    this.#textLine(view)
  }

  stats(view: TextView): void {
    this.#textLine(view)
  }

  continuation(source: LineSource, bytes: Uint8Array, start: number, end: number, offset: number): void {
    this.#coveredContinuations++
    const state = this.#stateOf(source)
    if (state.lines++ === 0) state.offset = offset
    if (state.length >= MAX_CONTINUATION_BYTES) return
    state.chunks.push(copyBytes(bytes, start, end), NEWLINE_BYTES)
    state.length += end - start + 1
  }

  rejection(_reason: RejectionReason, { source, bytes, offset, lineStart, lineEnd }: TextView): void {
    const from = this.#begin(source, offset)
    const text = decode(bytes, lineStart, lineEnd)
    const redacted = this.#redactor.rejected(text)
    if (redacted === text) this.#out.copy(bytes, lineStart, lineEnd)
    else this.#out.text(redacted)
    this.#endRecord(from)
  }

  #textLine(view: TextView): void {
    const { source, bytes, offset, lineStart, lineEnd } = view
    const from = this.#begin(source, offset)
    const textStart = startOfText(view)
    this.#out.copy(bytes, lineStart, textStart)
    this.#writeText(bytes, textStart, lineEnd)
    if (bytes[lineEnd] === CARRIAGE_RETURN) this.#out.byte(CARRIAGE_RETURN)
    this.#endRecord(from)
  }

  /** Begins a record's output behind what belongs to the record before it. */
  #begin(source: LineSource, offset: number): number {
    this.#closeContinuation(this.#stateOf(source))
    this.#use(source)
    this.#starts.push(this.#out.length)
    this.#offsets.push(offset)
    return this.#out.length
  }

  /** As many line ends as the record had lines. */
  #endRecord(from: number): void {
    const { continuations } = this.#parser.ledger
    const lines = 1 + continuations - this.#coveredContinuations
    this.#coveredContinuations = continuations
    this.#endLines(from, lines)
  }

  #endLines(from: number, lines: number): void {
    let ends = this.#out.count(NEWLINE, from)
    if (ends >= lines) {
      this.#out.replace(NEWLINE, SPACE, from)
      ends = 0
    }
    for (; ends < lines; ends++) this.#out.byte(NEWLINE)
  }

  #closeContinuation(state: SourceState): void {
    if (state.lines === 0) return
    this.#use(state.source)
    const from = this.#out.length
    this.#starts.push(from)
    this.#offsets.push(state.offset)
    const bytes = Buffer.concat(state.chunks, state.length - 1)
    this.#writeText(bytes, 0, bytes.length)
    this.#endLines(from, state.lines)
    Object.assign(state, { chunks: [], length: 0, lines: 0 })
  }

  #writeText(bytes: Uint8Array, start: number, end: number): void {
    const text = decode(bytes, start, end)
    const redacted = this.#redactor.text(text)
    if (redacted === text) this.#out.copy(bytes, start, end)
    else this.#out.text(redacted ?? '')
  }

  #use(source: LineSource): void {
    if (this.#source === source) return
    this.#closeSource()
    this.#source = source
  }

  #closeSource(): void {
    if (this.#source !== null && this.#out.length > 0) {
      this.#shipped.push({
        source: this.#source,
        bytes: withoutLooseNuls(this.#out.take()),
        starts: this.#starts,
        offsets: this.#offsets,
      })
      this.#starts = []
      this.#offsets = []
    }
    this.#source = null
  }

  #stateOf(source: LineSource): SourceState {
    const known = this.#sources.get(sourceKey(source))
    if (known !== undefined) return known
    const state = { source, chunks: [], length: 0, lines: 0, offset: 0 }
    this.#sources.set(sourceKey(source), state)
    return state
  }
}

/**
 * A line of nothing but NUL bytes is a hole. Any other NUL becomes a SUB: by what was taken out beside it, it could look like one to who
 * reads the line next.
 */
function withoutLooseNuls(bytes: Buffer): Buffer {
  for (let nul = bytes.indexOf(0); nul >= 0; nul = bytes.indexOf(0, nul)) {
    const start = bytes.lastIndexOf(NEWLINE, nul) + 1
    const newline = bytes.indexOf(NEWLINE, nul)
    const line = bytes.subarray(start, newline < 0 ? bytes.length : newline)
    const isHole = line.every((byte) => byte === 0)
    if (!isHole) for (let i = 0; i < line.length; i++) if (line[i] === 0) line[i] = SUBSTITUTE
    nul = start + line.length
  }
  return bytes
}

/** Lines behind the last record. */
interface SourceState {
  readonly source: LineSource
  chunks: Uint8Array[]
  /** Bytes in `chunks`. */
  length: number
  lines: number
  /** Of the first of them. */
  offset: number
}

/** Behind level and worker; what stands in the worker's place and is none is text too. */
function startOfText({ lineStart, lineEnd, textStart, level, pid }: TextView): number {
  return level === null && !/^\d{1,9}$/.test(pid ?? '')
    ? Math.min(lineEnd, lineStart + TIMESTAMP_LENGTH + 1)
    : textStart
}
