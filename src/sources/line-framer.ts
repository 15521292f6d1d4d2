import { byteOrderMarkLength, endOfWholeLines } from './content.js'
import { endOfLastHole, endOfSkippedLine } from './nul-holes.js'

const NEWLINE = 0x0a

/** Longest line that reaches the parser whole. */
export const DEFAULT_MAX_LINE_BYTES = 1024 * 1024

const INITIAL_CAPACITY_BYTES = 64 * 1024

/** Whole lines of one stream; only at its end may the last line lack its `\n`. */
export interface WholeLines {
  /** Valid until the next lines are asked for. */
  readonly bytes: Uint8Array
  /** Of `bytes[0]` in the stream. */
  readonly offset: number
  /** True where the stream ends behind these lines. */
  readonly end: boolean
}

/**
 * Cuts a stream of chunks of any size into blocks of whole lines and carries the rest. A UTF-8 byte order mark at the
 * start of the stream is skipped.
 *
 * A line longer than `maxLineBytes` does not grow memory: it is delivered alone, cut to its first `maxLineBytes + 1` bytes
 * and its `\n`, so that whoever reads it rejects it once; one that holds a hole of NUL bytes ends there. The offsets of all other lines stay true. No buffer exceeds
 * `maxLineBytes + 1`, so whether a line is cut depends on its length, never on the chunks.
 */
export class LineFramer {
  #buffer: Uint8Array
  #used = 0
  /** Bytes at the start of `#buffer` that were delivered; they go when the next lines are asked for. */
  #delivered = 0
  /** Of `#buffer[0]` in the stream. */
  #offset = 0
  /** Bytes of an over-long line that were read and left out, behind those in `#buffer`. */
  #skipped: number | null = null
  /** The last byte of them, or the one before. */
  #lastSkipped = 0
  readonly #maxCapacity: number

  constructor(maxLineBytes: number = DEFAULT_MAX_LINE_BYTES) {
    this.#maxCapacity = maxLineBytes + 1
    this.#buffer = bufferOf(Math.min(INITIAL_CAPACITY_BYTES, this.#maxCapacity))
  }

  /** Takes a chunk (copied) and yields blocks as the buffer fills. Each yielded block must be done with before the next. */
  *push(chunk: Uint8Array): Generator<WholeLines> {
    this.#forgetDelivered()
    let taken = 0
    while (taken < chunk.length) {
      if (this.#skipped !== null) {
        const rest = chunk.subarray(taken)
        const found = endOfSkippedLine(rest, this.#lastSkipped)
        this.#skipped += found?.end ?? rest.length
        this.#lastSkipped = rest[rest.length - 1]
        if (found === null) return
        taken += found.next
        yield this.#takeOverlongLine(this.#skipped + found.next - found.end)
        continue
      }
      taken += this.#append(chunk.subarray(taken))
      if (this.#used === this.#capacity) yield* this.#makeRoom()
    }
  }

  /** The whole lines that are there by now, or null. What follows the last `\n` waits for its rest. */
  flush(): WholeLines | null {
    this.#forgetDelivered()
    if (this.#skipped !== null) return null
    const cut = endOfWholeLines(this.#buffer.subarray(0, this.#used))
    if (cut === 0) return null
    this.#delivered = cut
    return { bytes: this.#buffer.subarray(0, cut), offset: this.#offset, end: false }
  }

  /** Everything that is left, even where it is nothing; the framer is done with. */
  end(): WholeLines {
    this.#forgetDelivered()
    return { bytes: this.#buffer.subarray(0, this.#used), offset: this.#offset, end: true }
  }

  /** One byte of the buffer is kept for the `\n` of an over-long line. */
  get #capacity(): number {
    return this.#buffer.length - 1
  }

  #append(chunk: Uint8Array): number {
    const taken = Math.min(chunk.length, this.#capacity - this.#used)
    this.#buffer.set(chunk.subarray(0, taken), this.#used)
    this.#used += taken
    if (this.#offset === 0) this.#skipByteOrderMark()
    return taken
  }

  #skipByteOrderMark(): void {
    const length = byteOrderMarkLength(this.#buffer.subarray(0, this.#used))
    if (length > 0) this.#drop(length)
  }

  *#makeRoom(): Generator<WholeLines> {
    const lines = this.flush()
    if (lines !== null) {
      yield lines
      this.#forgetDelivered()
    } else if (this.#capacity < this.#maxCapacity) this.#grow()
    else yield* this.#cutAtHole()
  }

  /** The buffer is full of one line: unless a record begins in it behind a hole, the rest of it is skipped. */
  *#cutAtHole(): Generator<WholeLines> {
    const hole = endOfLastHole(this.#buffer.subarray(0, this.#used))
    if (hole === 0) {
      this.#skipped = 0
      this.#lastSkipped = this.#buffer[this.#used - 1]
      return
    }
    const bytes = new Uint8Array(hole + 1)
    bytes.set(this.#buffer.subarray(0, hole))
    bytes[hole] = NEWLINE
    yield { bytes, offset: this.#offset, end: false }
    this.#drop(hole)
  }

  #grow(): void {
    const grown = bufferOf(Math.min(this.#capacity * 2, this.#maxCapacity))
    grown.set(this.#buffer.subarray(0, this.#used))
    this.#buffer = grown
  }

  /** `skipped` counts its line end. */
  #takeOverlongLine(skipped: number): WholeLines {
    const offset = this.#offset
    this.#buffer[this.#used] = NEWLINE
    const bytes = this.#buffer.subarray(0, this.#used + 1)
    this.#offset += this.#used + skipped
    this.#used = 0
    this.#skipped = null
    return { bytes, offset, end: false }
  }

  #forgetDelivered(): void {
    if (this.#delivered > 0) this.#drop(this.#delivered)
    this.#delivered = 0
  }

  #drop(length: number): void {
    this.#buffer.copyWithin(0, length, this.#used)
    this.#used -= length
    this.#offset += length
  }
}

function bufferOf(capacity: number): Uint8Array {
  return new Uint8Array(capacity + 1)
}
