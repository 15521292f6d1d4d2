/** Past this a pool forgets its oldest connection; a gateway that holds more open for one worker and API is not known. */
const MAX_IDLE = 4_096

/**
 * Idle connections of one worker to one target for one API: when each became idle, in event time, the oldest first. A ring, so
 * that both ends are at hand.
 */
export class Pool {
  #sinceMs = new Float64Array(4)
  #first = 0
  #count = 0

  constructor(readonly worker: number) {}

  get count(): number {
    return this.#count
  }

  add(timeMs: number): void {
    if (this.#count === MAX_IDLE) this.#dropOldest()
    if (this.#count === this.#sinceMs.length) this.#grow()
    this.#sinceMs[(this.#first + this.#count) & (this.#sinceMs.length - 1)] = timeMs
    this.#count++
  }

  /** Takes the one that became idle last; minus infinity where there is none. */
  takeNewest(): number {
    if (this.#count === 0) return Number.NEGATIVE_INFINITY
    this.#count--
    return this.#sinceMs[(this.#first + this.#count) & (this.#sinceMs.length - 1)]
  }

  /** Takes the one that became idle first; minus infinity where there is none. */
  takeOldest(): number {
    if (this.#count === 0) return Number.NEGATIVE_INFINITY
    const sinceMs = this.#sinceMs[this.#first]
    this.#dropOldest()
    return sinceMs
  }

  clear(): void {
    this.#count = 0
  }

  #dropOldest(): void {
    this.#first = (this.#first + 1) & (this.#sinceMs.length - 1)
    this.#count--
  }

  #grow(): void {
    const old = this.#sinceMs
    this.#sinceMs = new Float64Array(2 * old.length)
    this.#sinceMs.set(old.subarray(this.#first))
    this.#sinceMs.set(old.subarray(0, this.#first), old.length - this.#first)
    this.#first = 0
  }
}
