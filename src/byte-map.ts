/**
 * A map from byte slices to values that makes no string to look one up: the way from a line's bytes to what is known
 * of them, a few million times a second. Bounded: past `maxSize` it starts again empty, so use it for caches, or see
 * `size`.
 */
export class ByteMap<Value> {
  readonly #buckets = new Map<number, Entry<Value>>()
  readonly #maxSize: number
  #size = 0

  constructor({ maxSize }: { readonly maxSize: number }) {
    this.#maxSize = maxSize
  }

  get size(): number {
    return this.#size
  }

  get(bytes: Uint8Array, start: number, end: number): Value | undefined {
    let entry = this.#buckets.get(hash(bytes, start, end))
    while (entry !== undefined) {
      if (equal(entry.key, bytes, start, end)) return entry.value
      entry = entry.next
    }
    return undefined
  }

  /** The key must be absent. Its bytes are copied. */
  add(bytes: Uint8Array, start: number, end: number, value: Value): void {
    if (this.#size >= this.#maxSize) this.clear()
    const code = hash(bytes, start, end)
    this.#buckets.set(code, { key: copyBytes(bytes, start, end), value, next: this.#buckets.get(code) })
    this.#size++
  }

  clear(): void {
    this.#buckets.clear()
    this.#size = 0
  }
}

interface Entry<Value> {
  readonly key: Uint8Array
  readonly value: Value
  readonly next: Entry<Value> | undefined
}

/** Once: a global is slow to look up in a context of its own, such as that of a test. */
const { imul } = Math

/** FNV-1a, 32 bits. An attacker who makes collisions slows himself down: chains are short-lived and bounded. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let code = 0x811c9dc5
  for (let i = start; i < end; i++) code = imul(code ^ bytes[i], 0x01000193)
  return code
}

function equal(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false
  return true
}

/** A copy of its own; `slice` of a `Buffer` would go on sharing the block's memory. */
export function copyBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end)
}
