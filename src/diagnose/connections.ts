import { Field } from '../event-view.js'

/** What of an event is needed to follow its request: the bytes of its correlation id. */
interface RequestLine {
  readonly bytes: Uint8Array
  readonly start: Int32Array
  readonly end: Int32Array
}

/** Idle connections of one worker to one target for one API: when each became idle, in event time, the oldest first. */
export interface Pool {
  readonly worker: number
  readonly idleSinceMs: number[]
}

/** Past this a pool forgets its oldest connections; a gateway that holds more open for one worker and API is not known. */
const MAX_IDLE = 4_096
/** Pools of one gateway; what is taken for an API may come from clients. Past it connections of further APIs are unknown. */
const MAX_POOLS = 20_000
/** Requests under way in one gateway. Those whose end is not logged are forgotten in their order. */
const MAX_UNDER_WAY = 65_536
/** Responses after which it is clear whether a gateway logs that a connection is given back. */
const RESPONSES_THAT_TELL = 20

/**
 * The idle connections of one gateway process, replayed from its info lines (microgateway-core, lib/config-proxy-middleware.js:
 * one keep-alive agent for each worker and proxy, which keeps idle connections for each target for ever). `targetRequest`
 * takes a connection and `targetResponse close` gives it back. Node's agent takes the one that became idle last since
 * version 14, and the one that did first before; gateways of that time do not log `targetResponse close`, so that tells
 * which one it is, and `targetResponse` stands for it.
 *
 * A connection that has been idle for longer than `horizonMs` and a new one are the same here: the target will have closed
 * it long before. So what is said depends on the lines of the horizon only, wherever reading began.
 */
export class Connections {
  readonly #horizonMs: number
  readonly #pools = new Map<string, Pool>()
  /** By a hash of the correlation id; idle time in milliseconds, or what stands for none. */
  readonly #underWay = new Map<number, number>()
  /** Event time since which every line was read; minus infinity where the process began with them. */
  #completeSinceMs = Number.POSITIVE_INFINITY
  readonly #startedWorkers = new Set<number>()
  #responses = 0
  #closes = 0

  constructor({ horizonMs }: { readonly horizonMs: number }) {
    this.#horizonMs = horizonMs
  }

  /** What comes next is the first line of the gateway process. */
  processStarted(): void {
    this.#completeSinceMs = Number.NEGATIVE_INFINITY
  }

  /** Null where there are too many to follow. */
  pool(worker: number, target: string, proxy: string): Pool | null {
    const key = JSON.stringify([worker, target, proxy])
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      if (this.#pools.size >= MAX_POOLS) return null
      pool = { worker, idleSinceMs: [] }
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** A request takes a connection. */
  taken(pool: Pool | null, timeMs: number, line: RequestLine): void {
    if (this.#underWay.size >= MAX_UNDER_WAY) this.#forgetOldest()
    this.#underWay.set(hashOf(line), pool === null ? UNKNOWN : this.#take(pool, timeMs))
  }

  /** A response has begun. Returns as `closed`. */
  responded(pool: Pool | null, timeMs: number, line: RequestLine): number {
    this.#responses++
    return this.#isNewestFirst ? UNKNOWN : this.#giveBack(pool, timeMs, line)
  }

  /**
   * A response has ended, and its connection is idle again. Returns for how long it had been idle before, in milliseconds;
   * or `FRESH` or `UNKNOWN`.
   */
  closed(pool: Pool | null, timeMs: number, line: RequestLine): number {
    this.#closes++
    return this.#isNewestFirst ? this.#giveBack(pool, timeMs, line) : UNKNOWN
  }

  /** The same for the connection of a request that has failed. */
  idleMsOf(line: RequestLine): number {
    return this.#underWay.get(hashOf(line)) ?? UNKNOWN
  }

  /** A worker begins, and has no connections. */
  workerStarted(worker: number): void {
    this.#startedWorkers.add(worker)
    for (const pool of this.#pools.values()) if (pool.worker === worker) pool.idleSinceMs.length = 0
  }

  get #isNewestFirst(): boolean {
    return this.#responses < RESPONSES_THAT_TELL || this.#closes * 2 > this.#responses
  }

  #take({ worker, idleSinceMs }: Pool, timeMs: number): number {
    if (this.#completeSinceMs === Number.POSITIVE_INFINITY) this.#completeSinceMs = timeMs
    const sinceMs =
      (this.#isNewestFirst ? idleSinceMs.pop() : this.#oldest(idleSinceMs, timeMs)) ?? Number.NEGATIVE_INFINITY
    if (sinceMs >= timeMs - this.#horizonMs) return Math.max(0, timeMs - sinceMs)
    // Older ones lie below it, and are forgotten with it.
    if (this.#isNewestFirst) idleSinceMs.length = 0
    const isComplete = this.#startedWorkers.has(worker) || timeMs - this.#horizonMs >= this.#completeSinceMs
    return isComplete ? FRESH : UNKNOWN
  }

  /** The oldest that the target will not have closed. */
  #oldest(idleSinceMs: number[], timeMs: number): number | undefined {
    const first = idleSinceMs.findIndex((sinceMs) => sinceMs >= timeMs - this.#horizonMs)
    idleSinceMs.splice(0, first < 0 ? idleSinceMs.length : first)
    return idleSinceMs.shift()
  }

  #giveBack(pool: Pool | null, timeMs: number, line: RequestLine): number {
    const request = hashOf(line)
    const idleMs = this.#underWay.get(request) ?? UNKNOWN
    this.#underWay.delete(request)
    if (pool !== null) giveBack(pool, timeMs)
    return idleMs
  }

  #forgetOldest(): void {
    for (const request of this.#underWay.keys()) {
      this.#underWay.delete(request)
      if (this.#underWay.size <= MAX_UNDER_WAY / 2) return
    }
  }
}

/** No connection was idle: the gateway opened one. */
export const FRESH = -1
/** Lines that would tell were not read. */
export const UNKNOWN = -2

function giveBack({ idleSinceMs }: Pool, timeMs: number): void {
  if (idleSinceMs.length >= MAX_IDLE) idleSinceMs.splice(0, MAX_IDLE / 2)
  idleSinceMs.push(timeMs)
}

/** FNV-1a of the correlation id, 30 bits, so that it is a small integer. */
function hashOf({ bytes, start, end }: RequestLine): number {
  let code = 0x811c9dc5
  for (let i = start[Field.correlationId]; i < end[Field.correlationId]; i++) {
    code = Math.imul(code ^ bytes[i], 0x01000193)
  }
  return code & 0x3fffffff
}
