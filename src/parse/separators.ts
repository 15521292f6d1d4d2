import { CLOSE, OPEN, SPACE } from './bytes.js'

/** Where fields end (their `]`) and the next ones begin (behind their `[`). Reused, so that hostile lines make no garbage. */
export class Separators {
  readonly closes: number[] = []
  readonly opens: number[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Every `][`. */
  findStrict(bytes: Uint8Array, from: number, end: number): void {
    this.#count = 0
    for (let i = from; i < end - 1; i++) {
      if (bytes[i] === CLOSE && bytes[i + 1] === OPEN) {
        this.#add(i, i + 2)
        i++
      }
    }
  }

  /** Also `] [`: the help page's sample lines carry stray blanks between brackets. */
  findLoose(bytes: Uint8Array, from: number, end: number): void {
    this.#count = 0
    for (let i = from; i < end - 1; i++) {
      if (bytes[i] !== CLOSE) continue
      let open = i + 1
      while (open < end && bytes[open] === SPACE) open++
      if (open >= end || bytes[open] !== OPEN) continue
      this.#add(i, open + 1)
      i = open
    }
  }

  #add(close: number, open: number): void {
    this.closes[this.#count] = close
    this.opens[this.#count] = open
    this.#count++
  }
}
