import { wordsOf } from '../words.js'
import { CLOSE, nextClose, OPEN, SPACE } from './bytes.js'

/** Where fields end (their `]`) and the next ones begin (behind their `[`). Reused, so that hostile lines make no garbage. */
export class Separators {
  readonly closes: number[] = []
  readonly opens: number[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Begins with so many that were found already. */
  become(
    closes: ArrayLike<number>,
    firstClose: number,
    opens: ArrayLike<number>,
    firstOpen: number,
    count: number,
  ): void {
    this.#count = 0
    for (let i = 0; i < count; i++) this.#add(closes[firstClose + i], opens[firstOpen + i])
  }

  /** Adds every `][` from there on. */
  addStrict(bytes: Uint8Array, from: number, end: number): void {
    const words = wordsOf(bytes)
    const last = end - 1
    let close = nextClose(bytes, words, from, last)
    while (close < last) {
      if (bytes[close + 1] === OPEN) {
        this.#add(close, close + 2)
        close++
      }
      close = nextClose(bytes, words, close + 1, last)
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
