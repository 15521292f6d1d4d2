import { createHash } from 'node:crypto'

/** Longer ids are remembered by their digest, so that memory does not depend on what a client sends. */
const MAX_ID_LENGTH = 64

/** Remembers at least the last `size` ids, and never more than twice as many. */
export class RecentIds {
  #young = new Set<string>()
  #old: ReadonlySet<string> = new Set()

  constructor(private readonly size: number) {}

  /** False where the id is among those remembered. */
  add(id: string): boolean {
    const key = id.length <= MAX_ID_LENGTH ? id : createHash('sha256').update(id).digest('base64')
    if (this.#young.has(key)) return false
    const isNew = !this.#old.has(key)
    if (this.#young.size >= this.size) {
      this.#old = this.#young
      this.#young = new Set()
    }
    this.#young.add(key)
    return isNew
  }
}
