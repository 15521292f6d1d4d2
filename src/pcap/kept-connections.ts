import type { Connection } from './tcp/connection.js'
import { type ConnectionFacts, factsOf } from './verdict/facts.js'
import { judge } from './verdict/judge.js'

/**
 * Facts of the connections of a capture, a bounded number of them: where there is no room for all, those go first of which there is
 * nothing to tell.
 */
export class KeptConnections {
  #kept: ConnectionFacts[] = []
  #isFull = false
  omitted = 0

  constructor(private readonly capacity = 30_000) {}

  add(connection: Connection): ConnectionFacts {
    const facts = factsOf(connection)
    if (this.#kept.length >= this.capacity && !this.#isFull) this.#compact()
    if (this.#isFull) this.omitted++
    else this.#kept.push(facts)
    return facts
  }

  /** By their index. */
  all(): readonly ConnectionFacts[] {
    return this.#kept.sort((a, b) => a.index - b.index)
  }

  #compact(): void {
    const before = this.#kept.length
    const circumstances = { idleTimeout: null, endNs: Number.POSITIVE_INFINITY }
    this.#kept = this.#kept.filter((facts) => judge(facts, circumstances).cause !== 'none')
    this.omitted += before - this.#kept.length
    this.#isFull = this.#kept.length > this.capacity * 0.9
  }
}
