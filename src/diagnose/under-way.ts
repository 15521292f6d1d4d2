/** Slots of a table at first; each one of 20 bytes. */
const FEWEST_SLOTS = 64

/**
 * Requests that have taken a connection and have not ended: when that was, in event time, and for how long the connection had
 * been idle before. By a hash of 30 bits. Remembers those of the last `maxRequests` that are not older than `horizonMs`, so
 * what it says depends on the lines since the request only. Typed arrays, so that a million requests make no garbage.
 */
export class RequestsUnderWay {
  readonly #maxRequests: number
  readonly #horizonMs: number
  /** Open addressing: a request stands at its hash or behind it, with no hole between (Knuth, TAOCP 3, 6.4, algorithms L and R). */
  #slots = slots(FEWEST_SLOTS)
  #count = 0
  /** Requests so far, and so the number of the last one. */
  #last = 0
  /** When the last request that `end` knew had taken its connection. */
  endedTakenMs = Number.NaN

  constructor({ maxRequests, horizonMs }: { readonly maxRequests: number; readonly horizonMs: number }) {
    this.#maxRequests = maxRequests
    this.#horizonMs = horizonMs
  }

  add(request: number, timeMs: number, idleMs: number): void {
    if (2 * this.#count >= this.#slots.requests.length) this.#makeRoom(timeMs)
    const { requests, takenMs, idlesMs, numbers } = this.#slots
    const slot = this.#slotOf(request)
    if (requests[slot] === NONE) this.#count++
    requests[slot] = request
    takenMs[slot] = timeMs
    idlesMs[slot] = idleMs
    numbers[slot] = ++this.#last
  }

  /** The request has ended. Returns the idle time that was given for it; `missing` where that is not known. */
  end(request: number, timeMs: number, missing: number): number {
    const slot = this.#slotOf(request)
    if (this.#slots.requests[slot] === NONE) return missing
    const { takenMs, idlesMs } = this.#slots
    const idleMs = this.#isKnown(slot, timeMs) ? idlesMs[slot] : missing
    this.endedTakenMs = takenMs[slot]
    this.#remove(slot)
    return idleMs
  }

  #isKnown(slot: number, timeMs: number): boolean {
    const { takenMs, numbers } = this.#slots
    return takenMs[slot] >= timeMs - this.#horizonMs && numbers[slot] > this.#last - this.#maxRequests
  }

  /** Where the request is, or would be. */
  #slotOf(request: number): number {
    const { requests } = this.#slots
    const mask = requests.length - 1
    let slot = request & mask
    while (requests[slot] !== NONE && requests[slot] !== request) slot = (slot + 1) & mask
    return slot
  }

  #remove(emptied: number): void {
    const { requests, takenMs, idlesMs, numbers } = this.#slots
    const mask = requests.length - 1
    this.#count--
    let hole = emptied
    for (let slot = (hole + 1) & mask; requests[slot] !== NONE; slot = (slot + 1) & mask) {
      // What stands nearer to its hash than the hole does stays.
      if (((slot - requests[slot]) & mask) < ((slot - hole) & mask)) continue
      requests[hole] = requests[slot]
      takenMs[hole] = takenMs[slot]
      idlesMs[hole] = idlesMs[slot]
      numbers[hole] = numbers[slot]
      hole = slot
    }
    requests[hole] = NONE
  }

  /** Leaves out what is not known any more; then at most a quarter of the slots are taken. */
  #makeRoom(timeMs: number): void {
    const old = this.#slots
    const known: number[] = []
    for (let slot = 0; slot < old.requests.length; slot++) {
      if (old.requests[slot] !== NONE && this.#isKnown(slot, timeMs)) known.push(slot)
    }
    let size = FEWEST_SLOTS
    while (4 * known.length > size) size *= 2
    this.#slots = slots(size)
    this.#count = known.length
    const { requests, takenMs, idlesMs, numbers } = this.#slots
    for (const from of known) {
      const to = this.#slotOf(old.requests[from])
      requests[to] = old.requests[from]
      takenMs[to] = old.takenMs[from]
      idlesMs[to] = old.idlesMs[from]
      numbers[to] = old.numbers[from]
    }
  }
}

const NONE = -1

function slots(size: number) {
  return {
    requests: new Int32Array(size).fill(NONE),
    takenMs: new Float64Array(size),
    idlesMs: new Int32Array(size),
    numbers: new Float64Array(size),
  }
}
