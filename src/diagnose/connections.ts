import { Field } from '../event-view.js'
import { hashOf } from '../words.js'
import { Pool } from './pool.js'
import { RequestsUnderWay } from './under-way.js'

/** What of an event is needed to follow its request: the bytes of its correlation id. */
interface RequestLine {
  readonly bytes: Uint8Array
  readonly start: Int32Array
  readonly end: Int32Array
}

/** Pools of one gateway; what is taken for an API may come from clients. Past it connections of further APIs are unknown. */
const MAX_POOLS = 20_000
/** Requests of one gateway that may be under way: of those before the end is not known any more. */
const MAX_UNDER_WAY = 65_536
const MINUTE_MS = 60_000
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
 * it long before. So what is said depends on the lines of two horizons only, wherever reading began: on those of the nearer
 * one, and that a connection is new also on that there were lines in the farther one, or that the process began in them.
 */
export class Connections {
  readonly #horizonMs: number
  readonly #pools = new Map<string, Pool>()
  readonly #underWay: RequestsUnderWay
  /** Minutes of event time that requests began in, of two horizons. */
  readonly #minutes = new Set<number>()
  #minute = Number.NaN
  /** Event time at which the process began; NaN until its first line is read. */
  #processSinceMs = Number.NEGATIVE_INFINITY
  readonly #workerSinceMs = new Map<number, number>()
  #responses = 0
  #closes = 0

  constructor({ horizonMs }: { readonly horizonMs: number }) {
    this.#horizonMs = horizonMs
    this.#underWay = new RequestsUnderWay({ maxRequests: MAX_UNDER_WAY, horizonMs })
  }

  /** What comes next is the first line of the gateway process. */
  processStarted(): void {
    this.#processSinceMs = Number.NaN
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
    this.#note(timeMs)
    this.#underWay.add(requestOf(line), timeMs, pool === null ? UNKNOWN : this.#take(pool, timeMs))
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

  /** The same of a request that has failed: its connection does not come back. */
  failed(timeMs: number, line: RequestLine): number {
    return this.#underWay.end(requestOf(line), timeMs, UNKNOWN)
  }

  /** A worker begins, and has no connections. */
  workerStarted(worker: number, timeMs: number): void {
    this.#note(timeMs)
    this.#workerSinceMs.set(worker, timeMs)
    for (const pool of this.#pools.values()) if (pool.worker === worker) pool.clear()
  }

  get #isNewestFirst(): boolean {
    return this.#responses < RESPONSES_THAT_TELL || this.#closes * 2 > this.#responses
  }

  #take(pool: Pool, timeMs: number): number {
    const sinceMs = this.#isNewestFirst ? pool.takeNewest() : this.#takeOldest(pool, timeMs)
    if (sinceMs >= timeMs - this.#horizonMs) return Math.max(0, timeMs - sinceMs)
    // Older ones lie below it, and are forgotten with it.
    pool.clear()
    return this.#hasSeenAll(pool.worker, timeMs) ? FRESH : UNKNOWN
  }

  /** The oldest that the target will not have closed. */
  #takeOldest(pool: Pool, timeMs: number): number {
    let sinceMs = pool.takeOldest()
    while (sinceMs < timeMs - this.#horizonMs && pool.count > 0) sinceMs = pool.takeOldest()
    return sinceMs
  }

  /** Whether every line of the horizon before was read. */
  #hasSeenAll(worker: number, timeMs: number): boolean {
    const earliestMs = timeMs - 2 * this.#horizonMs
    if (Math.max(this.#processSinceMs, this.#workerSinceMs.get(worker) ?? Number.NEGATIVE_INFINITY) >= earliestMs)
      return true
    const last = Math.floor((timeMs - this.#horizonMs) / MINUTE_MS) - 1
    for (let each = Math.ceil(earliestMs / MINUTE_MS); each <= last; each++) if (this.#minutes.has(each)) return true
    return false
  }

  #note(timeMs: number): void {
    if (Number.isNaN(this.#processSinceMs)) this.#processSinceMs = timeMs
    const minute = Math.floor(timeMs / MINUTE_MS)
    if (minute === this.#minute) return
    this.#minute = minute
    this.#minutes.add(minute)
    const unneeded = minute - (3 * this.#horizonMs) / MINUTE_MS
    for (const each of this.#minutes) if (each < unneeded) this.#minutes.delete(each)
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
