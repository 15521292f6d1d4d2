/** A part of a message's text whose lines follow each other in their file as they do here. */
export interface Piece {
  /** Where it begins in the text. */
  readonly start: number
  /** Byte offset of its first line in the file. */
  readonly offset: number
}

const COMMA = 0x2c
const MINUS = 0x2d
/** Fewer than a number holds exactly. */
const MAX_DIGITS = 15

/**
 * The pieces of a text as a header: for each one behind the first, how long the piece before it is, and how many bytes
 * more than those lie between their places in the file (fewer, where the text has become longer than it was). Null where
 * all is one piece. `pieces` are ascending, the first one begins the text.
 */
export function writePieces(pieces: readonly Piece[]): string | null {
  if (pieces.length === 1) return null
  const numbers: number[] = []
  for (let index = 1; index < pieces.length; index++) {
    const length = pieces[index].start - pieces[index - 1].start
    numbers.push(length, pieces[index].offset - pieces[index - 1].offset - length)
  }
  return numbers.join()
}

/** The pieces of a text of `length` bytes that begins at `offset`, out of their header; null where they cannot be so. */
export function readPieces(
  header: Uint8Array,
  { offset, length }: { readonly offset: number; readonly length: number },
): readonly Piece[] | null {
  const numbers = numbersIn(header)
  if (numbers === null || numbers.length % 2 !== 0) return null
  let last: Piece = { start: 0, offset }
  const pieces = [last]
  for (let index = 0; index < numbers.length; index += 2) {
    const before = numbers[index]
    last = { start: last.start + before, offset: last.offset + before + numbers[index + 1] }
    if (before <= 0 || last.start >= length || last.offset < 0 || !Number.isSafeInteger(last.offset)) return null
    pieces.push(last)
  }
  return pieces
}

/** Whole numbers with commas between them; null for anything else. */
function numbersIn(header: Uint8Array): readonly number[] | null {
  const numbers: number[] = []
  let value = 0
  let digits = 0
  let sign = 1
  for (let index = 0; index <= header.length; index++) {
    const byte = index === header.length ? COMMA : header[index]
    if (byte === COMMA) {
      if (digits === 0) return null
      numbers.push(sign * value)
      value = 0
      digits = 0
      sign = 1
    } else if (byte === MINUS && digits === 0 && sign === 1) {
      sign = -1
    } else {
      const digit = byte - 0x30
      if (digit < 0 || digit > 9 || ++digits > MAX_DIGITS) return null
      value = value * 10 + digit
    }
  }
  return numbers
}
