const STALL_EVERY_MS = 60_000
const STALL_MS = 2_000

/**
 * When the master writes a line that a worker made at `timeMs`. Once a minute one worker stalls and then delivers all
 * its lines at once: order holds within a worker, not within the file, as in the real logs.
 */
export function writtenAtMs(timeMs, slot, slots) {
  const minute = Math.floor(timeMs / STALL_EVERY_MS)
  const intoMinuteMs = timeMs - minute * STALL_EVERY_MS
  return minute % slots === slot && intoMinuteMs < STALL_MS ? minute * STALL_EVERY_MS + STALL_MS : timeMs
}

/** Lines that are still to be written, least `writtenMs` first, then by time, then in the order of `push`. */
export class Schedule {
  #heap = []
  #pushed = 0

  get nextMs() {
    return this.#heap.length === 0 ? Number.POSITIVE_INFINITY : this.#heap[0].writtenMs
  }

  push(line) {
    const heap = this.#heap
    line.order = this.#pushed++
    let hole = heap.length
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (!isBefore(line, heap[parent])) break
      heap[hole] = heap[parent]
      hole = parent
    }
    heap[hole] = line
  }

  pop() {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (heap.length === 0) return first
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1
      if (!isBefore(heap[child], last)) break
      heap[hole] = heap[child]
      hole = child
    }
    heap[hole] = last
    return first
  }
}

function isBefore(one, other) {
  if (one.writtenMs !== other.writtenMs) return one.writtenMs < other.writtenMs
  if (one.timeMs !== other.timeMs) return one.timeMs < other.timeMs
  return one.order < other.order
}
