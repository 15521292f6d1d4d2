import { wordsOf } from '../words.js'

/** Byte classes and small tests on bytes that the parser's steps share. */

export const NEWLINE = 0x0a
export const CARRIAGE_RETURN = 0x0d
export const SPACE = 0x20
export const OPEN = 0x5b
export const CLOSE = 0x5d

const DIGIT = 1
const HEX = 2
const WORD = 4
const NAME = 8
const URL = 16

/** Per byte: which classes it belongs to. */
const CLASS = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  const char = String.fromCharCode(byte)
  if (/[0-9]/.test(char)) CLASS[byte] |= DIGIT
  if (/[0-9a-fA-F]/.test(char)) CLASS[byte] |= HEX
  if (/[\w.:-]/.test(char)) CLASS[byte] |= WORD
  if (/[\w.:/@ -]/.test(char)) CLASS[byte] |= NAME
  // A request target never holds blanks or control bytes: the gateway's HTTP parser refuses them, but for tab and form
  // feed, which the one of Node 14 lets pass.
  if ((byte > SPACE && byte !== 0x7f) || byte === 0x09 || byte === 0x0c) CLASS[byte] |= URL
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

export const isDigits = (bytes: Uint8Array, start: number, end: number): boolean => all(bytes, start, end, DIGIT)
/** Letters, digits and `_ . : -`: organisations, environments, error codes, methods. */
export const isWord = (bytes: Uint8Array, start: number, end: number): boolean => all(bytes, start, end, WORD)
/** A word that may hold blanks, `/` and `@`: names of components. */
export const isName = (bytes: Uint8Array, start: number, end: number): boolean => all(bytes, start, end, NAME)

export function isUrl(bytes: Uint8Array, start: number, end: number): boolean {
  const words = wordsOf(bytes)
  let i = start
  for (; i + 4 <= end; i += 4) {
    const word = words.getInt32(i, true)
    // No byte up to a blank (Hacker's Delight, 6-1), none that is 0x7f: nearly always.
    const others = word ^ 0x7f7f7f7f
    const some = ((word - 0x21212121) & ~word) | ((others - 0x01010101) & ~others)
    if ((some & 0x80808080) !== 0 && !all(bytes, i, i + 4, URL)) return false
  }
  return all(bytes, i, end, URL)
}

/** Milliseconds taken; below zero where the gateway's clock was set back. */
export function isElapsed(bytes: Uint8Array, start: number, end: number): boolean {
  const from = bytes[start] === 0x2d && end - start > 1 ? start + 1 : start
  return isDigits(bytes, from, end)
}

function all(bytes: Uint8Array, start: number, end: number, mask: number): boolean {
  for (let i = start; i < end; i++) if ((CLASS[bytes[i]] & mask) === 0) return false
  return true
}

/** `8-4-4-4-12` hex digits, of any version. */
export function isUuid(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 36) return false
  if (bytes[start + 8] !== 0x2d || bytes[start + 13] !== 0x2d) return false
  if (bytes[start + 18] !== 0x2d || bytes[start + 23] !== 0x2d) return false
  for (let i = 0; i < 36; i++) {
    if (i === 8 || i === 13 || i === 18 || i === 23) continue
    if ((CLASS[bytes[start + i]] & HEX) === 0) return false
  }
  return true
}

/** An address as the gateway writes it: IPv4 in every version seen; IPv6 is tolerated. Not empty. */
export function isAddress(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || end - start > 45) return false
  let dots = 0
  let colons = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]
    if (byte === 0x2e) dots++
    else if (byte === 0x3a) colons++
    else if ((CLASS[byte] & HEX) === 0) return false
  }
  return colons >= 2 || (dots === 3 && isIpv4(bytes, start, end))
}

function isIpv4(bytes: Uint8Array, start: number, end: number): boolean {
  let value = -1
  for (let i = start; i <= end; i++) {
    const byte = i === end ? 0x2e : bytes[i]
    if (byte === 0x2e) {
      if (value < 0 || value > 255) return false
      value = -1
    } else if (isDigit(byte)) {
      value = Math.max(value, 0) * 10 + byte - 0x30
    } else return false
  }
  return true
}

const FOUR_CLOSES = 0x5d5d5d5d
const { clz32 } = Math

/**
 * Index of the next `]` in `bytes[from … end - 1]`; `end` where there is none. Looks at four bytes at a time and passes over those
 * without one (Hacker's Delight, 6-1, "Find First 0-Byte": `(x - 1…) & ~x & 8…` has its lowest set bit in the first byte
 * of `x` that is zero). `words` is `wordsOf(bytes)`.
 */
export function nextClose(bytes: Uint8Array, words: DataView, from: number, end: number): number {
  let i = from
  for (const lastWord = end - 4; i <= lastWord; i += 4) {
    const word = words.getInt32(i, true) ^ FOUR_CLOSES
    const zeros = (word - 0x01010101) & ~word & 0x80808080
    if (zeros !== 0) return i + ((31 - clz32(zeros & -zeros)) >> 3)
  }
  while (i < end && bytes[i] !== CLOSE) i++
  return i
}
