import { hashOf, Pattern } from './words.js'

/**
 * A map from byte slices to values that makes no string to look one up: the way from a line's bytes to what is known
 * of them, a few million times a second. Bounded: past `maxSize` it starts again empty, so use it for caches, or see
 * `size`. An attacker who makes hashes collide slows himself down: chains are short-lived and bounded.
 */
export class ByteMap<Value> {
  /** By the lower bits of the hash; as many as a power of two. */
  #buckets: (Entry<Value> | undefined)[] = emptyBuckets(FEWEST_BUCKETS)
  readonly #maxSize: number
  #size = 0

  constructor({ maxSize }: { readonly maxSize: number }) {
    this.#maxSize = maxSize
  }

  get size(): number {
    return this.#size
  }

  get(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const code = hashOf(bytes, start, end)
    let entry = this.#buckets[code & (this.#buckets.length - 1)]
    while (entry !== undefined) {
      if (entry.code === code && entry.key.equals(bytes, start, end)) return entry.value
      entry = entry.next
    }
    return undefined
  }

  /** The key must be absent. Its bytes are copied. */
  add(bytes: Uint8Array, start: number, end: number, value: Value): void {
    if (this.#size >= this.#maxSize) this.clear()
    if (this.#size >= this.#buckets.length) this.#grow()
    const code = hashOf(bytes, start, end)
    put(this.#buckets, { code, key: new Pattern(copyBytes(bytes, start, end)), value, next: undefined })
    this.#size++
  }

  clear(): void {
    this.#buckets = emptyBuckets(FEWEST_BUCKETS)
    this.#size = 0
  }

  #grow(): void {
    const grown = emptyBuckets<Value>(2 * this.#buckets.length)
    for (const first of this.#buckets) {
      for (let entry = first; entry !== undefined; ) {
        const { next } = entry
        put(grown, entry)
        entry = next
      }
    }
    this.#buckets = grown
  }
}

const FEWEST_BUCKETS = 16

interface Entry<Value> {
  readonly code: number
  readonly key: Pattern
  readonly value: Value
  next: Entry<Value> | undefined
}

function emptyBuckets<Value>(count: number): (Entry<Value> | undefined)[] {
  return new Array<Entry<Value> | undefined>(count).fill(undefined)
}

function put<Value>(buckets: (Entry<Value> | undefined)[], entry: Entry<Value>): void {
  const bucket = entry.code & (buckets.length - 1)
  entry.next = buckets[bucket]
  buckets[bucket] = entry
}

/** A copy of its own; `slice` of a `Buffer` would go on sharing the block's memory. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end)
}
