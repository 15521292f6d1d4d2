/** Four hex digits for every 16-bit number: making two million correlation ids must not be the slow part. */
const HEX = Array.from({ length: 65_536 }, (_, number) => number.toString(16).padStart(4, '0'))

/** Seeded random numbers (sfc32): the same seed gives the same file on every machine. */
export class Random {
  #a = 0x9e3779b9
  #b = 0x243f6a88
  #c = 0xb7e15162
  #counter

  constructor(seed) {
    this.#counter = seed | 0
    for (let round = 0; round < 16; round += 1) this.next()
  }

  /** A whole number in [0, 2^32). */
  next() {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** A whole number in [0, limit). */
  below(limit) {
    return Math.floor((this.next() / 4_294_967_296) * limit)
  }

  chance(probability) {
    return this.next() < probability * 4_294_967_296
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  /** Whole milliseconds, exponentially distributed. */
  wait(meanMs) {
    return Math.round(-Math.log((this.next() + 1) / 4_294_967_297) * meanMs)
  }

  hex() {
    return HEX[this.next() >>> 16]
  }

  /** A uuid of version 4 (gateway 3.3.x) or of version 1 (3.1.x). */
  uuid(version) {
    const middle = version === 4 ? `4${this.hex().slice(1)}` : '11f1'
    const variant = '89ab'[this.below(4)] + this.hex().slice(1)
    return `${this.hex()}${this.hex()}-${this.hex()}-${middle}-${variant}-${this.hex()}${this.hex()}${this.hex()}`
  }
}
