/** Bytes as they stand in JSON: 0 copy; 1 below 0x20, quote or backslash: escape; 2 above 0x7e: decode. */
const KIND = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  if (byte < 0x20 || byte === 0x22 || byte === 0x5c) KIND[byte] = 1
  else if (byte > 0x7e) KIND[byte] = 2
}

const QUOTE = 0x22
const SIZE = 1 << 20
/** Most bytes that constants and numbers of one entry take. */
const ROOM = 4_096

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')

/**
 * An output buffer of JSON that copies bytes from input to output where they need no change. Call `reserve` before the
 * fields of an entry; the other methods then write without looking at the room.
 */
export class JsonBytes {
  #bytes = new Uint8Array(SIZE)
  /** Takes turns with `#bytes`, so that what was taken stays as it is while the next is written. */
  #other = new Uint8Array(SIZE)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Makes room for fields of so many input bytes in all, every one of them escaped. */
  reserve(inputBytes: number): void {
    this.#grow(inputBytes * 6 + ROOM)
  }

  /** The bytes before `end`; valid until the next call of `take`. What lies behind stays. */
  take(end = this.#length): Uint8Array {
    const taken = this.#bytes
    const rest = this.#length - end
    if (this.#other.length < rest + ROOM) this.#other = new Uint8Array(taken.length)
    this.#other.set(taken.subarray(end, this.#length))
    this.#bytes = this.#other
    this.#other = taken
    this.#length = rest
    return taken.subarray(0, end)
  }

  raw(constant: Uint8Array): void {
    const bytes = this.#bytes
    let at = this.#length
    for (let i = 0; i < constant.length; i++) bytes[at++] = constant[i]
    this.#length = at
  }

  /** Bytes that are known to need no escape. */
  plain(input: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes
    let at = this.#length
    for (let i = start; i < end; i++) bytes[at++] = input[i]
    this.#length = at
  }

  /** A quoted string; invalid UTF-8 becomes U+FFFD, so that the output is always valid. */
  quoted(input: Uint8Array, start: number, end: number): void {
    const bytes = this.#bytes
    let at = this.#length
    bytes[at++] = QUOTE
    for (let i = start; i < end; i++) {
      const byte = input[i]
      if (KIND[byte] !== 0) return this.string(decoder.decode(input.subarray(start, end)))
      bytes[at++] = byte
    }
    bytes[at++] = QUOTE
    this.#length = at
  }

  /** Digits as a JSON number, which has no leading zeros. */
  number(input: Uint8Array, start: number, end: number): void {
    let from = start
    while (from < end - 1 && input[from] === 0x30) from++
    this.plain(input, from, end)
  }

  integer(value: number): void {
    let digits = 1
    for (let power = 10; power <= value; power *= 10) digits++
    let rest = value
    for (let at = this.#length + digits - 1; at >= this.#length; at--) {
      const tenth = Math.floor(rest / 10)
      this.#bytes[at] = 0x30 + rest - tenth * 10
      rest = tenth
    }
    this.#length += digits
  }

  string(text: string): void {
    this.text(JSON.stringify(text))
  }

  /** JSON that is ready. */
  text(json: string): void {
    this.#grow(json.length * 3 + ROOM)
    this.#length += encoder.encodeInto(json, this.#bytes.subarray(this.#length)).written
  }

  #grow(room: number): void {
    if (this.#length + room <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + room))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
