const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
/** `null`, little endian. */
const NULL_WORD = 0x6c6c756e
const SIZE = 1 << 20
/** Most bytes that constants and numbers of one entry take, and what a copy by words may write too far. */
const ROOM = 4_096

const MAX_KNOWN = 4_096
const MAX_KNOWN_LENGTH = 256

const encoder = new TextEncoder()

/** Bytes that are written again and again, as words (little endian). */
export interface Constant {
  readonly length: number
  readonly words: readonly number[]
}

export function constant(text: string): Constant {
  const bytes = encoder.encode(text)
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  return {
    length: bytes.length,
    words: Array.from({ length: padded.length / 4 }, (_, i) => view.getInt32(i * 4, true)),
  }
}

const NULL = constant('null')

/**
 * An output buffer of JSON that copies bytes from input to output where they need no change, four at a time. Call
 * `reserve` before the fields of an entry; the other methods then write without looking at the room.
 */
export class JsonBytes {
  #bytes = new Uint8Array(SIZE)
  #words = new DataView(this.#bytes.buffer)
  /** Takes turns with `#bytes`, so that what was taken stays as it is while the next is written. */
  #other = new Uint8Array(SIZE)
  #length = 0
  readonly #known = new Map<string, Constant>()

  get length(): number {
    return this.#length
  }

  /** Makes room for fields of so many input bytes in all, every one of them escaped. */
  reserve(inputBytes: number): void {
    this.#makeRoom(inputBytes * 6)
  }

  /** The bytes before `end`; valid until the next call of `take`. What lies behind stays. */
  take(end = this.#length): Uint8Array {
    const taken = this.#bytes
    const rest = this.#length - end
    if (this.#other.length < rest + ROOM) this.#other = new Uint8Array(taken.length)
    this.#other.set(taken.subarray(end, this.#length))
    this.#use(this.#other)
    this.#other = taken
    this.#length = rest
    return taken.subarray(0, end)
  }

  raw({ words, length }: Constant): void {
    const output = this.#words
    const at = this.#length
    for (let i = 0; i < words.length; i++) output.setInt32(at + i * 4, words[i], true)
    this.#length = at + length
  }

  /**
   * `name value` for each of the fields `first … last`: a quoted string of plain bytes, or null where it is empty. Reads
   * up to three bytes behind a field.
   */
  fields(
    names: readonly Constant[],
    input: DataView,
    starts: Int32Array,
    ends: Int32Array,
    first: number,
    last: number,
  ): void {
    const output = this.#words
    let at = this.#length
    for (let field = first; field <= last; field++) {
      const { words, length } = names[field]
      for (let i = 0; i < words.length; i++) output.setInt32(at + i * 4, words[i], true)
      at += length
      const start = starts[field]
      const end = ends[field]
      if (start === end) {
        output.setInt32(at, NULL_WORD, true)
        at += 4
        continue
      }
      output.setUint8(at++, QUOTE)
      const shift = at - start
      for (let i = start; i < end; i += 4) output.setInt32(shift + i, input.getInt32(i, true), true)
      at = shift + end
      output.setUint8(at++, QUOTE)
    }
    this.#length = at
  }

  /** Digits as a JSON number, which has no leading zeros; null where there are none. */
  number(input: DataView, start: number, end: number): void {
    const output = this.#words
    let at = this.#length
    if (start === end) {
      output.setInt32(at, NULL_WORD, true)
      this.#length = at + 4
      return
    }
    let from = start
    if (input.getUint8(from) === MINUS) {
      output.setUint8(at++, MINUS)
      from++
    }
    while (from < end - 1 && input.getUint8(from) === 0x30) from++
    for (let i = from; i < end; i++) output.setUint8(at++, input.getUint8(i))
    this.#length = at
  }

  integer(value: number): void {
    // Integer arithmetic where it is enough: offsets below 2 GiB.
    if (value > 0x7fffffff) return this.text(String(value))
    const bytes = this.#bytes
    let digits = 1
    for (let power = 10; power <= value && digits < 10; power *= 10) digits++
    let rest = value | 0
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tenth = (rest / 10) | 0
      bytes[at] = 0x30 + rest - tenth * 10
      rest = tenth
    }
    this.#length += digits
  }

  /** `name value`, of which the value makes room for itself. */
  member(name: Constant, value: string | number | null): void {
    this.raw(name)
    if (typeof value === 'string') this.#string(value)
    else if (value === null) this.raw(NULL)
    else if (Number.isInteger(value) && value >= 0) this.integer(value)
    else this.text(String(value))
  }

  /** The same for texts that come again and again: JSON is made of each one once. */
  known(name: Constant, text: string | null): void {
    if (text === null || text.length > MAX_KNOWN_LENGTH) return this.member(name, text)
    let json = this.#known.get(text)
    if (json === undefined) {
      json = constant(JSON.stringify(text))
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      this.#known.set(text, json)
    }
    this.raw(name)
    this.#makeRoom(json.length)
    this.raw(json)
  }

  /** Character by character: nearly all are plain, and a call costs more than copying the few of them. */
  #string(text: string): void {
    this.#makeRoom(text.length)
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = QUOTE
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return this.text(JSON.stringify(text))
      bytes[at++] = code
    }
    bytes[at++] = QUOTE
    this.#length = at
  }

  /** JSON that is ready. */
  text(json: string): void {
    this.#makeRoom(json.length * 3)
    this.#length += encoder.encodeInto(json, this.#bytes.subarray(this.#length)).written
  }

  #makeRoom(bytes: number): void {
    const room = bytes + ROOM
    if (this.#length + room > this.#bytes.length) this.#grow(room)
  }

  #grow(room: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + room))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#use(grown)
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes
    this.#words = new DataView(bytes.buffer)
  }
}

/**
 * True where all bytes stand in JSON as they are: printable ASCII without quote and backslash. Looks at four bytes at a
 * time (Hacker's Delight, 6-1).
 */
export function isPlain(input: DataView, start: number, end: number): boolean {
  let i = start
  for (; i + 4 <= end; i += 4) {
    const word = input.getInt32(i, true)
    const quote = word ^ 0x22222222
    const backslash = word ^ 0x5c5c5c5c
    const special =
      // Below 0x20, a quote, a backslash, or from 0x7f on.
      ((word - 0x20202020) & ~word) |
      ((quote - 0x01010101) & ~quote) |
      ((backslash - 0x01010101) & ~backslash) |
      word |
      (word + 0x01010101)
    if ((special & 0x80808080) !== 0) return false
  }
  for (; i < end; i++) {
    const byte = input.getUint8(i)
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false
  }
  return true
}
