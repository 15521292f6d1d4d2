/**
 * How much is sent at a time: halved when the server says that it is busy, one step more after a while of success
 * (additive increase, multiplicative decrease, as TCP does; Chiu and Jain 1989). Both the number of requests under way
 * and their size give way, since a server may refuse for either.
 */
export class Congestion {
  readonly #max: Load
  #slots: number
  #bytes: number
  #used = 0
  #successes = 0
  readonly #waiting: (() => void)[] = []

  constructor(max: Load) {
    this.#max = max
    this.#slots = max.inFlight
    this.#bytes = max.batchBytes
  }

  /** Largest request to send now, in bytes. */
  get batchBytes(): number {
    return this.#bytes
  }

  /** Requests that may be under way now. */
  get inFlight(): number {
    return this.#slots
  }

  /** Resolves when there is room for one more request; give it back with `release`. */
  async acquire(): Promise<void> {
    while (this.#used >= this.#slots) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    this.#used++
  }

  release(): void {
    this.#used--
    this.#waiting.shift()?.()
  }

  succeeded(): void {
    this.#successes++
    if (this.#successes < this.#slots * SUCCESSES_TO_GROW) return
    this.#successes = 0
    this.#slots = Math.min(this.#max.inFlight, this.#slots + 1)
    this.#bytes = Math.min(this.#max.batchBytes, this.#bytes + this.#max.batchBytes / GROWTH_STEPS)
    this.#waiting.shift()?.()
  }

  busy(): void {
    this.#successes = 0
    this.#slots = Math.max(1, Math.floor(this.#slots / 2))
    this.#bytes = Math.max(Math.min(LEAST_BYTES, this.#max.batchBytes), this.#bytes / 2)
  }
}

export interface Load {
  readonly inFlight: number
  readonly batchBytes: number
}

const LEAST_BYTES = 64 * 1024
const SUCCESSES_TO_GROW = 4
const GROWTH_STEPS = 8
