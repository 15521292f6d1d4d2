import type { Reset } from './reset.js'

/** A reset and the gateway process that saw it. */
export interface SeenReset {
  readonly process: string
  readonly reset: Reset
}

/** So many resets of a day are looked at. */
const MAX_RESETS = 20_000

/**
 * The resets of one target and day. Past `maxResets` they are a sample: those whose ids have the least hashes. So what is held
 * depends on the resets alone, never on the order in which they came.
 */
export class DayResets {
  readonly #maxResets: number
  #seen = new Map<string, SeenReset>()
  #added = 0

  constructor({ maxResets = MAX_RESETS }: { readonly maxResets?: number } = {}) {
    this.#maxResets = maxResets
  }

  /** How often something was added. */
  get added(): number {
    return this.#added
  }

  get size(): number {
    return this.#seen.size
  }

  /** Of one id the last one stays. */
  add(id: string, seen: SeenReset): void {
    this.#added++
    this.#seen.set(id, seen)
    if (this.#seen.size >= 2 * this.#maxResets) this.#seen = new Map(this.#sample())
  }

  /** In no order. */
  get seen(): readonly SeenReset[] {
    if (this.#seen.size <= this.#maxResets) return [...this.#seen.values()]
    return this.#sample().map(([, seen]) => seen)
  }

  #sample(): readonly (readonly [id: string, seen: SeenReset])[] {
    return [...this.#seen]
      .map((entry) => ({ entry, id: entry[0], hash: hashOf(entry[0]) }))
      .sort((one, other) => one.hash - other.hash || (one.id < other.id ? -1 : 1))
      .slice(0, this.#maxResets)
      .map(({ entry }) => entry)
  }
}

/** FNV-1a, with the last step of MurmurHash3, so that ids that differ little lie far apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
