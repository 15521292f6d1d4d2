import { Field } from '../event-view.js'
import { hashOf } from '../words.js'
import { Pool } from './pool.js'
import { ReadMinutes } from './read-minutes.js'
import { RequestsUnderWay } from './under-way.js'

/** What is needed of an event to follow its request: the bytes of its correlation id. */
interface RequestLine {
  readonly bytes: Uint8Array
  readonly start: Int32Array
  readonly end: Int32Array
}

export interface ConnectionsOptions {
  readonly horizonMs: number
  /** Reading may begin anywhere, and what is said must not depend on where. */
  readonly isFromAnywhere?: boolean
}

/** Pools of one gateway; what is taken for an API may come from clients. Past it connections of further APIs are unknown. */
const MAX_POOLS = 20_000
/** Requests of one gateway that may be under way: of those before the end is not known any more. */
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
 * it long before. A request that takes longer than the horizon is not known any more. So what is said of a request that fails depends on
 * the lines of two horizons before it only, wherever reading began: of a stack, what was put on it since is on top.
 *
 * That does not go for the order of old gateways: in a queue, those come first that were there before. Where reading
 * may begin anywhere, connections of gateways that do not log `targetResponse close` are unknown, as the last two horizons show.
 */
export class Connections {
  readonly #horizonMs: number
  readonly #isFromAnywhere: boolean
  readonly #pools = new Map<string, Pool>()
  readonly #underWay: RequestsUnderWay
  readonly #read: ReadMinutes
  /** Event time at which the process began. */
  #processSinceMs = Number.NEGATIVE_INFINITY
  readonly #workerSinceMs = new Map<number, number>()
  #responses = 0
  #closes = 0

  constructor({ horizonMs, isFromAnywhere = false }: ConnectionsOptions) {
    this.#horizonMs = horizonMs
    this.#isFromAnywhere = isFromAnywhere
    this.#underWay = new RequestsUnderWay({ maxRequests: MAX_UNDER_WAY, horizonMs })
    this.#read = new ReadMinutes({ keptMs: 3 * horizonMs })
  }

  /** The gateway process begins, with its first line. */
  processStarted(timeMs: number): void {
    this.#processSinceMs = timeMs
  }

  /** Null where there are too many to follow. */
  pool(worker: number, target: string, proxy: string): Pool | null {
    const key = JSON.stringify([worker, target, proxy])
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      if (this.#pools.size >= MAX_POOLS) return null
      pool = new Pool(worker)
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** A request takes a connection. */
  taken(pool: Pool | null, timeMs: number, line: RequestLine): void {
    this.#read.at(timeMs)
    this.#underWay.add(requestOf(line), timeMs, pool === null ? UNKNOWN : this.#take(pool, timeMs))
  }

  /** A response has begun. Returns as `closed`. */
  responded(pool: Pool | null, timeMs: number, line: RequestLine): number {
    this.#responses++
    this.#read.at(timeMs).responses++
    return this.#isNewestFirst ? UNKNOWN : this.#giveBack(pool, timeMs, line)
  }

  /**
   * A response has ended, and its connection is idle again. Returns for how long it had been idle before, in milliseconds;
   * or `FRESH`, as far as lines were read, or `UNKNOWN`. `takenMs` is of the same request.
   */
  closed(pool: Pool | null, timeMs: number, line: RequestLine): number {
    this.#closes++
    this.#read.at(timeMs).closes++
    return this.#isNewestFirst ? this.#giveBack(pool, timeMs, line) : UNKNOWN
  }

  /** The same of a request that has failed: its connection does not come back. `FRESH` is certain here. */
  failed(pool: Pool | null, timeMs: number, line: RequestLine): number {
    const idleMs = this.#underWay.end(requestOf(line), timeMs, UNKNOWN)
    if (pool === null || idleMs === UNKNOWN || this.#isOrderOpen(timeMs)) return UNKNOWN
    return idleMs === FRESH && !this.#hasSeenAll(pool.worker, timeMs) ? UNKNOWN : idleMs
  }

  /** When the request whose connection was told last had taken it. */
  get takenMs(): number {
    return this.#underWay.endedTakenMs
  }

  /** A worker begins, and has no connections. */
  workerStarted(worker: number, timeMs: number): void {
    this.#read.at(timeMs)
    this.#workerSinceMs.set(worker, timeMs)
    for (const pool of this.#pools.values()) if (pool.worker === worker) pool.clear()
  }

  get #isNewestFirst(): boolean {
    return this.#isFromAnywhere || this.#responses < RESPONSES_THAT_TELL || this.#closes * 2 > this.#responses
  }

  /** Whether the lines before do not show that the connection that became idle last is taken. */
  #isOrderOpen(timeMs: number): boolean {
    if (!this.#isNewestFirst) return false
    const { responses, closes } = this.#read.between(timeMs - 2 * this.#horizonMs, timeMs)
    return responses > 0 && closes * 2 <= responses
  }

  #take(pool: Pool, timeMs: number): number {
    const sinceMs = this.#isNewestFirst ? pool.takeNewest() : this.#takeOldest(pool, timeMs)
    if (sinceMs >= timeMs - this.#horizonMs) return Math.max(0, timeMs - sinceMs)
    // Older ones lie below it, and are forgotten with it.
    pool.clear()
    return FRESH
  }

  /** The oldest that the target will not have closed. */
  #takeOldest(pool: Pool, timeMs: number): number {
    let sinceMs = pool.takeOldest()
    while (sinceMs < timeMs - this.#horizonMs && pool.count > 0) sinceMs = pool.takeOldest()
    return sinceMs
  }

  /** Whether every line of the horizon before the request at hand took its connection was read. */
  #hasSeenAll(worker: number, timeMs: number): boolean {
    const earliestMs = timeMs - 2 * this.#horizonMs
    const sinceMs = Math.max(this.#processSinceMs, this.#workerSinceMs.get(worker) ?? Number.NEGATIVE_INFINITY)
    return sinceMs >= earliestMs || this.#read.hasAny(earliestMs, this.takenMs - this.#horizonMs)
  }

  #giveBack(pool: Pool | null, timeMs: number, line: RequestLine): number {
    pool?.add(timeMs)
    return this.#underWay.end(requestOf(line), timeMs, UNKNOWN)
  }
}

/** No connection was idle: the gateway opened one. */
export const FRESH = -1
/** Lines that would tell were not read. */
export const UNKNOWN = -2

/** A hash of the correlation id, of 30 bits, so that it is a small integer. */
function requestOf({ bytes, start, end }: RequestLine): number {
  return hashOf(bytes, start[Field.correlationId], end[Field.correlationId]) & 0x3fffffff
}
