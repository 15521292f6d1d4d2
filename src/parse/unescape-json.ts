import { isDigit, NEWLINE } from './bytes.js'

export interface UnescapedText {
  /** Written over by the next call. */
  readonly bytes: Uint8Array
  readonly length: number
  /** Index of the quote that ends the text. */
  readonly behind: number
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75

/** By the letter behind the backslash (RFC 8259, 7). */
const ESCAPES = new Map([...'"\\/bfnrt'].map((letter, i) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(i)]))

let scratch = new Uint8Array(4096)

/**
 * The text of a JSON string whose first byte is at `start`, without its escapes. Null where it does not end, holds what no JSON string may, or
 * an escape beyond the basic plane.
 */
export function unescapeJson(bytes: Uint8Array, start: number, end: number): UnescapedText | null {
  // Unescaped text is never longer.
  if (scratch.length < end - start) scratch = new Uint8Array(2 * (end - start))
  const out = scratch
  let length = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      // As behind a line of a block: whoever looks one byte too far sees nothing of an older text.
      out[length] = NEWLINE
      return { bytes: out, length, behind: i }
    }
    if (byte < 0x20) return null
    if (byte !== BACKSLASH) {
      out[length++] = byte
      continue
    }
    const letter = bytes[++i]
    const meant = ESCAPES.get(letter)
    if (meant !== undefined) {
      out[length++] = meant
      continue
    }
    const code = letter === LETTER_U && i + 4 < end ? readHex(bytes, i + 1) : -1
    if (code < 0 || (code >= 0xd800 && code < 0xe000)) return null
    length = writeUtf8(out, length, code)
    i += 4
  }
  return null
}

/** Of four digits; -1 where one is none. */
function readHex(bytes: Uint8Array, start: number): number {
  let value = 0
  for (let i = start; i < start + 4; i++) {
    const lower = bytes[i] | 0x20
    if (isDigit(bytes[i])) value = value * 16 + bytes[i] - 0x30
    else if (lower >= 0x61 && lower <= 0x66) value = value * 16 + lower - 0x57
    else return -1
  }
  return value
}

function writeUtf8(out: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    out[at] = code
    return at + 1
  }
  if (code < 0x800) {
    out[at] = 0xc0 | (code >> 6)
    out[at + 1] = 0x80 | (code & 0x3f)
    return at + 2
  }
  out[at] = 0xe0 | (code >> 12)
  out[at + 1] = 0x80 | ((code >> 6) & 0x3f)
  out[at + 2] = 0x80 | (code & 0x3f)
  return at + 3
}
