const INITIAL_BYTES = 4096

/** Bytes that grow at their end. */
export class LineBytes {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES)
  #length = 0

  get length(): number {
    return this.#length
  }

  copy(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return
    this.#reserve(to - from)
    this.#bytes.set(bytes.subarray(from, to), this.#length)
    this.#length += to - from
  }

  text(text: string): void {
    // No character takes more than three bytes for each of its UTF-16 units.
    this.#reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length)
  }

  byte(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = byte
  }

  /** How often `byte` stands from `from` on. */
  count(byte: number, from: number): number {
    let count = 0
    for (let i = from; i < this.#length; i++) if (this.#bytes[i] === byte) count++
    return count
  }

  replace(byte: number, by: number, from: number): void {
    for (let i = from; i < this.#length; i++) if (this.#bytes[i] === byte) this.#bytes[i] = by
  }

  /** All bytes so far, as the caller's own. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}
