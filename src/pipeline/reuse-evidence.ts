import { Connections, type ConnectionsOptions, FRESH } from '../diagnose/connections.js'
import { IdleTimes } from '../diagnose/idle-times.js'
import type { Pool } from '../diagnose/pool.js'
import { type EventView, Role } from '../event-view.js'
import type { Connection } from '../records.js'

/** How long the connections of one target and API had been idle when requests took them. */
export interface KnownIdleTimes {
  readonly target: string
  readonly proxy: string
  readonly times: IdleTimes
}

/** The connections of one worker to one target for one API. */
export interface KnownConnections {
  readonly pool: Pool | null
  readonly times: IdleTimes
}

/** Targets are configured, but what is taken for an API may come from clients. Past it, idle times are not remembered. */
const MAX_IDLE_TIMES = 2_000

/** Follows the connections of one gateway process, to tell of a request that was reset which one it had taken. */
export class ReuseEvidence {
  readonly #connections: Connections
  readonly #idleTimes = new Map<string, KnownIdleTimes>()

  constructor(options: ConnectionsOptions) {
    this.#connections = new Connections(options)
  }

  get idleTimes(): Iterable<KnownIdleTimes> {
    return this.#idleTimes.values()
  }

  processStarted(timeMs: number): void {
    this.#connections.processStarted(timeMs)
  }

  workerStarted(worker: number, timeMs: number): void {
    this.#connections.workerStarted(worker, timeMs)
  }

  /** Keep what it returns, to follow many lines without looking it up. */
  of(worker: number, target: string, proxy: string): KnownConnections {
    return { pool: this.#connections.pool(worker, target, proxy), times: this.#timesOf(target, proxy) }
  }

  requested({ pool }: KnownConnections, view: EventView): void {
    this.#connections.taken(pool, view.timeMs, view)
  }

  /** A response begins, or ends (`targetResponse close`). */
  responded({ pool, times }: KnownConnections, view: EventView): void {
    const { timeMs, role } = view
    const idleMs =
      role === Role.targetResponseClose
        ? this.#connections.closed(pool, timeMs, view)
        : this.#connections.responded(pool, timeMs, view)
    if (idleMs >= 0) times.reused(this.#connections.takenMs, idleMs)
  }

  /** Returns the connection that the request had taken. */
  failed({ pool, times }: KnownConnections, view: EventView): Connection {
    const idleMs = this.#connections.failed(pool, view.timeMs, view)
    if (idleMs >= 0) return times.reset(view.timeMs, this.#connections.takenMs, idleMs)
    return idleMs === FRESH ? 'new' : null
  }

  #timesOf(target: string, proxy: string): IdleTimes {
    const key = JSON.stringify([target, proxy])
    const known = this.#idleTimes.get(key)
    if (known !== undefined) return known.times
    const times = new IdleTimes()
    if (this.#idleTimes.size < MAX_IDLE_TIMES) this.#idleTimes.set(key, { target, proxy, times })
    return times
  }
}
