/** The same numbers for the same seed (mulberry32), so that a failure can be run again: `HANGUP_FAULT_SEED=n`. */
export class Random {
  #state: number

  constructor(readonly seed: number) {
    this.#state = seed
  }

  static fromEnvironment(): Random {
    return new Random(Number(process.env.HANGUP_FAULT_SEED ?? Date.now() % 1_000_000))
  }

  /** 0 … 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let value = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }
}
