import type { Piece } from '../../sources/kafka/pieces.js'
import type { ShippedLines } from './redacted-lines.js'

/** Lines of one file that travel in one message. */
export interface PackedLines {
  /** Less the last `\n`, where that is not needed to tell a blank line. */
  readonly value: Buffer
  /** How many lines, of which each may have others behind it that belong to it. */
  readonly count: number
  /** Where they stood in the file, ascending in `value` from 0: all that follows by length is one piece. */
  readonly pieces: readonly Piece[]
}

/** Packs lines that follow each other, as they are at hand, up to `maxBytes` in one message and at least one line. */
export function* packLines({ bytes, starts, offsets }: ShippedLines, maxBytes: number): Generator<PackedLines> {
  for (let first = 0; first < starts.length; ) {
    const start = starts[first]
    let end = starts[first + 1] ?? bytes.length
    let behind = first + 1
    const pieces: Piece[] = [{ start: 0, offset: offsets[first] }]
    for (; behind < starts.length; behind++) {
      const nextEnd = starts[behind + 1] ?? bytes.length
      if (nextEnd - start > maxBytes) break
      if (offsets[behind] - offsets[behind - 1] !== starts[behind] - starts[behind - 1]) {
        pieces.push({ start: starts[behind] - start, offset: offsets[behind] })
      }
      end = nextEnd
    }
    yield { value: messageValue(bytes, start, end), count: behind - first, pieces }
    first = behind
  }
}

const NEWLINE = 0x0a

/** What ends in a blank line keeps the end of it, and a message without a value is no line. */
function messageValue(bytes: Buffer, start: number, end: number): Buffer {
  const isBlankLast = end < start + 2 || bytes[end - 2] === NEWLINE
  return bytes.subarray(start, bytes[end - 1] === NEWLINE && !isBlankLast ? end - 1 : end)
}
