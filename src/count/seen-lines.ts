import { type EventView, Field } from '../event-view.js'
import type { TextView } from '../line-handler.js'
import { MINUTE_MS } from './traffic.js'

/**
 * Which lines were counted already, so that one that comes twice (producers repeat what was not confirmed to them) is
 * counted once. Lines are told apart by 53 bits of a hash: of events over their time, correlation id, component and
 * message, of others over all of it. Holds those of open windows only: a line of a closed one is late and not counted
 * anyway. About 40 bytes for each.
 */
export class SeenLines {
  readonly #minutes = new Map<number, Set<number>>()
  #lastMinute = Number.NaN
  #last = new Set<number>()

  /** Number of lines that are remembered. */
  get size(): number {
    let size = 0
    for (const { size: each } of this.#minutes.values()) size += each
    return size
  }

  /** False for an event that was seen before. */
  isNew({ bytes, start, end, timeMs }: EventView): boolean {
    const time = [start[Field.timestamp], end[Field.timestamp]] as const
    const request = [start[Field.correlationId], end[Field.message]] as const
    return this.add(timeMs, lineHash(bytes, [time, request]))
  }

  /** False for a record of text, of statistics say, that was seen before. */
  isNewText({ bytes, lineStart, lineEnd, timeMs }: TextView): boolean {
    return this.add(timeMs, lineHash(bytes, [[lineStart, lineEnd]]))
  }

  /** True where it is new. `hash` is `lineHash`'s. */
  add(timeMs: number, hash: number): boolean {
    const minute = Math.floor(timeMs / MINUTE_MS)
    const seen = minute === this.#lastMinute ? this.#last : this.#at(minute)
    const before = seen.size
    seen.add(hash)
    return seen.size > before
  }

  /** Forgets the windows that end at or before the watermark. */
  close(watermarkMs: number): void {
    for (const minute of this.#minutes.keys()) {
      if ((minute + 1) * MINUTE_MS > watermarkMs) continue
      this.#minutes.delete(minute)
      if (minute === this.#lastMinute) this.#lastMinute = Number.NaN
    }
  }

  #at(minute: number): Set<number> {
    const seen = this.#minutes.get(minute) ?? new Set<number>()
    this.#minutes.set(minute, seen)
    this.#lastMinute = minute
    this.#last = seen
    return seen
  }
}

const { imul } = Math

/** 53 bits over pieces of a line: two FNV-1a hashes of 32 bits, with different seeds. */
export function lineHash(bytes: Uint8Array, pieces: readonly (readonly [start: number, end: number])[]): number {
  let high = 0x811c9dc5
  let low = 0x9dc5811c
  for (const [start, end] of pieces) {
    for (let i = start; i < end; i++) {
      high = imul(high ^ bytes[i], 0x01000193)
      low = imul(low ^ bytes[i], 0x01000193) + 0x9e3779b9
    }
    high = imul(high ^ 0xff, 0x01000193)
  }
  return (high >>> 0) * 0x20_0000 + ((low >>> 0) & 0x1f_ffff)
}
