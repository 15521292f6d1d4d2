import type { ConnectionFacts } from './verdict/facts.js'
import { IdleCloses, type IdleTimeout } from './verdict/idle-timeout.js'

export interface TargetTally {
  readonly target: string
  connections: number
  requests: number
  readonly idleCloses: IdleCloses
}

/** More are not looked at one by one: a scan of ports makes a target of each port. */
const MAX_TARGETS = 20_000

/** What all connections of each target say together, over one or several captures. */
export class Targets {
  readonly #tallies = new Map<string, TargetTally>()
  readonly #timeouts = new Map<string, IdleTimeout | null>()

  add(facts: ConnectionFacts): void {
    const tally = this.#tallyOf(facts.target)
    if (tally === null) return
    tally.connections++
    tally.requests += facts.requests
    tally.idleCloses.add(facts)
  }

  /** In the order of their first connection. */
  all(): readonly TargetTally[] {
    return [...this.#tallies.values()]
  }

  /** To be asked when all connections were added. */
  idleTimeout(target: string): IdleTimeout | null {
    const known = this.#timeouts.get(target)
    if (known !== undefined) return known
    const measured = this.#tallies.get(target)?.idleCloses.measure() ?? null
    this.#timeouts.set(target, measured)
    return measured
  }

  #tallyOf(target: string): TargetTally | null {
    const known = this.#tallies.get(target)
    if (known !== undefined) return known
    if (this.#tallies.size >= MAX_TARGETS) return null
    const tally = { target, connections: 0, requests: 0, idleCloses: new IdleCloses() }
    this.#tallies.set(target, tally)
    return tally
  }
}
