import { byteOrderMarkLength, endOfWholeLines } from './content.js'
import type { WholeLines } from './line-framer.js'
import { endOfLastHole, endOfSkippedLine } from './nul-holes.js'

const NEWLINE = 0x0a
const NOTHING = new Uint8Array(0)

/** Fills `buffer` from `position` on and resolves to the number of bytes read: fewer than asked for at the end only. */
export type ReadAt = (buffer: Uint8Array, position: number) => Promise<number>

/** What to do with a last line that has no `\n`: deliver it (the file is complete) or leave it until it is whole. */
export type AtEnd = 'deliver' | 'wait'

export interface PositionedLinesOptions {
  readonly readAt: ReadAt
  /** Must be the start of a line. */
  readonly startOffset: number
  readonly maxLineBytes: number
}

/**
 * Whole lines of a file that can be read at any position. Nothing is copied and nothing is carried: each block is read
 * into the caller's buffer and what follows its last `\n` is read again, so thousands of files share one buffer.
 * A UTF-8 byte order mark is skipped and over-long lines are cut as `LineFramer` does it.
 */
export class PositionedLines {
  readonly #readAt: ReadAt
  readonly #maxLineBytes: number
  #offset: number
  /** The over-long line that begins at `#offset` goes on up to here at least. */
  #scannedTo = 0
  #upcoming: Uint8Array = NOTHING

  constructor({ readAt, startOffset, maxLineBytes }: PositionedLinesOptions) {
    this.#readAt = readAt
    this.#offset = startOffset
    this.#maxLineBytes = maxLineBytes
  }

  /** Where the next lines begin. */
  get offset(): number {
    return this.#offset
  }

  /** What was read behind the last lines already: the start of the next. Valid as long as they are. */
  get upcoming(): Uint8Array {
    return this.#upcoming
  }

  /** The next lines, read into `buffer`; null where `atEnd` is `wait` and no whole line is there yet. */
  async next(buffer: Uint8Array, atEnd: AtEnd): Promise<WholeLines | null> {
    const limit = this.#maxLineBytes + 1
    if (atEnd === 'wait' && this.#scannedTo > this.#offset) {
      // Long ago too long: whether it has ended is all there is to know.
      if ((await this.#findEnd(buffer)) === null) return null
    }
    const room = buffer.subarray(0, Math.min(buffer.length, limit))
    const lines = await this.#readInto(room, atEnd)
    if (lines !== 'too_small') return lines
    // One byte more than is read: for the `\n` behind a line that is cut.
    const line = new Uint8Array(limit + 1)
    const longer = await this.#readInto(line.subarray(0, limit), atEnd)
    return longer === 'too_small' ? this.#cutOverlongLine({ line, buffer, atEnd }) : longer
  }

  async #readInto(room: Uint8Array, atEnd: AtEnd): Promise<WholeLines | null | 'too_small'> {
    const length = await this.#readAt(room, this.#offset)
    if (this.#offset === 0 && byteOrderMarkLength(room.subarray(0, length)) > 0) {
      this.#offset = byteOrderMarkLength(room)
      return this.#readInto(room, atEnd)
    }
    const ended = length < room.length
    if (ended && atEnd === 'deliver') return this.#deliver({ bytes: room.subarray(0, length), end: true })
    const cut = endOfWholeLines(room.subarray(0, length))
    if (cut === 0) return ended ? null : 'too_small'
    const lines = this.#deliver({ bytes: room.subarray(0, cut), end: false })
    this.#upcoming = room.subarray(cut, length)
    return lines
  }

  async #cutOverlongLine({ line, buffer, atEnd }: { line: Uint8Array; buffer: Uint8Array; atEnd: AtEnd }) {
    const limit = line.length - 1
    const hole = endOfLastHole(line.subarray(0, limit))
    if (hole > 0) {
      const nextOffset = this.#offset + hole
      line[hole] = NEWLINE
      return this.#deliver({ bytes: line.subarray(0, hole + 1), end: false, nextOffset })
    }
    this.#scannedTo = Math.max(this.#scannedTo, this.#offset + limit)
    const nextOffset = await this.#findEnd(buffer)
    if (nextOffset !== null) {
      line[limit] = NEWLINE
      return this.#deliver({ bytes: line, end: false, nextOffset })
    }
    if (atEnd === 'wait') return null
    return this.#deliver({ bytes: line.subarray(0, limit), end: true, nextOffset: this.#scannedTo })
  }

  /** Where the line behind the over-long one begins; null where that has not ended yet. */
  async #findEnd(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      // The byte before tells whether a record begins behind a hole.
      const position = this.#scannedTo - 1
      const length = await this.#readAt(buffer, position)
      if (length < 1) return null
      const found = endOfSkippedLine(buffer.subarray(1, length), buffer[0])
      if (found !== null) return position + 1 + found.next
      this.#scannedTo = position + length
      if (length < buffer.length) return null
    }
  }

  #deliver({ bytes, end, nextOffset }: { bytes: Uint8Array; end: boolean; nextOffset?: number }): WholeLines {
    const offset = this.#offset
    this.#offset = nextOffset ?? offset + bytes.length
    this.#upcoming = NOTHING
    return { bytes, offset, end }
  }
}
