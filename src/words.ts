/** Bytes four at a time, for loops that run a million times a second. */

let lastBytes: Uint8Array = new Uint8Array(0)
let lastWords: DataView = new DataView(lastBytes.buffer)

/** The same bytes, to be read four at a time (little endian); made once for a block. */
export function wordsOf(bytes: Uint8Array): DataView {
  if (bytes !== lastBytes) {
    lastBytes = bytes
    lastWords = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  return lastWords
}

/** Once: a global is slow to look up in a context of its own, such as that of a test. */
const { imul } = Math

/** A hash of `bytes[start … end - 1]`, of 32 bits, as MurmurHash2 mixes them. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const words = wordsOf(bytes)
  let code = end - start
  let i = start
  for (; i + 4 <= end; i += 4) {
    code = imul(code ^ words.getInt32(i, true), 0x5bd1e995)
    code ^= code >>> 15
  }
  for (; i < end; i++) code = imul(code ^ bytes[i], 0x5bd1e995)
  return code ^ (code >>> 13)
}

/** Bytes that slices of lines are compared with. Owns what it is given. */
export class Pattern {
  readonly #words: Int32Array

  constructor(readonly bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#words = Int32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getInt32(4 * i, true))
  }

  /** Whether `bytes[start … end - 1]` are the same. */
  equals(bytes: Uint8Array, start: number, end: number): boolean {
    return end - start === this.bytes.length && this.begins(bytes, start, end)
  }

  /** Whether `bytes[start … end - 1]` begins with them. */
  begins(bytes: Uint8Array, start: number, end: number): boolean {
    const { length } = this.bytes
    if (end - start < length) return false
    const words = wordsOf(bytes)
    const expected = this.#words
    for (let i = 0; i < expected.length; i++) if (words.getInt32(start + 4 * i, true) !== expected[i]) return false
    for (let i = 4 * expected.length; i < length; i++) if (bytes[start + i] !== this.bytes[i]) return false
    return true
  }
}

export const pattern = (text: string): Pattern => new Pattern(new TextEncoder().encode(text))
