import type { FailureDocument } from '../../../records.js'
import type { Derived, Stored } from '../../settler.js'
import type { Elasticsearch } from '../connection.js'
import { frequencyDocuments } from './documents.js'
import { planWrites } from './plan.js'
import { countFailures, countRequests, MINUTE_MS, readStored, refresh } from './read.js'
import { writeFrequency } from './write.js'

export interface FrequencyRollupOptions {
  readonly elasticsearch: Pick<Elasticsearch, 'request'>
  /** Of the indices: `<prefix>-frequency-YYYY.MM` is made from `<prefix>-failures-*` and `<prefix>-traffic-*`. */
  readonly prefix: string
  /** Runs an operation until it succeeds or there is no more point: `TransientError` may pass. */
  readonly retry: <Result>(operation: () => Promise<Result>) => Promise<Result>
  /** Waits before minutes that another instance wrote meanwhile are counted again; may throw to stop. */
  readonly pause: (milliseconds: number) => Promise<void>
  /** 0 … 1, for the jitter of that wait. */
  readonly random: () => number
  /** Groups of a portion of minutes that are held in memory; a single minute is held whole. Default 100,000. */
  readonly maxGroups?: number
  /** Awaited between counting and writing: where tests let another instance come in. */
  readonly beforeWrite?: () => Promise<void>
}

/**
 * Keeps the frequency documents of Elasticsearch: those of a minute that changed are made anew from what is stored of it,
 * with absolute values. So they depend on what is stored alone, never on the order or the number of writes.
 *
 * Any number of instances may do so for the same minutes at the same time, and no older value stays. A pass over a minute
 * is, in this order: refresh, read its frequency documents with their versions, count, write what differs on condition
 * that the document still has that version (or still does not exist). A minute is done only after a pass that had
 * nothing to write. Why that is enough:
 *
 * 1. Each failure and each traffic document was stored before its minute was marked, and each mark ends with a pass that
 *    writes nothing. Take, of all those passes over a minute, the one whose refresh began last. Everything stored was
 *    stored before it, so it counted the truth; and what it found in the frequency index was equal to that.
 * 2. A write that took effect after its refresh would have been followed by another pass of its own instance, that ends
 *    without a write and whose refresh began later still: there is none. So what it found is what stays.
 * 3. The condition is for writes that nobody looks after any longer: of an instance that died, or of a request that timed
 *    out and is carried out later. The count was read after the version, so a write that succeeds replaces what is older
 *    than itself. Where the outcome of a write is not known, the next pass gives every document of its minutes a new
 *    version, so that it can not succeed later.
 *
 * The condition alone would not do: of two instances one may find a document right and leave it untouched, while the
 * other one, that counted before, replaces it. Limits: a request to make a document, timed out, whose group vanishes
 * meanwhile and which is carried out after all that, leaves the document until its minute is counted again. A late
 * document of a minute whose other documents the lifecycle has deleted makes that minute be counted from itself alone.
 */
export class FrequencyRollup implements Derived {
  readonly #options: FrequencyRollupOptions
  readonly #maxGroups: number
  #dirty = new Set<number>()
  /** Minutes with writes whose outcome is not known. */
  readonly #uncertain = new Set<number>()
  #lastTurn: Promise<void> = Promise.resolve()

  constructor(options: FrequencyRollupOptions) {
    this.#options = options
    this.#maxGroups = options.maxGroups ?? MAX_GROUPS
  }

  /** Number of minutes that are to be counted again. */
  get dirtyMinutes(): number {
    return this.#dirty.size
  }

  /**
   * Takes documents that have been stored, as they are stored: a failure that was merged with what was there is given
   * merged. The minutes of its halves are marked besides its own, for it stood there while it had that half alone.
   */
  mark(documents: readonly Stored[]): void {
    const minutes = new Set<string>()
    let last = ''
    // Nearly all are of the minute of the one before.
    const add = (timestamp: string): void => {
      if (last !== '' && timestamp.startsWith(last)) return
      last = minuteIn(timestamp)
      minutes.add(last)
    }
    for (const { document } of documents) {
      add(document['@timestamp'])
      if (!isFailure(document)) continue
      const { target_halves, client_half } = document.edgemicro
      for (const { timestamp } of target_halves) add(timestamp)
      if (client_half !== null) add(client_half.timestamp)
    }
    for (const minute of minutes) this.markMinute(Date.parse(`${minute}Z`))
  }

  /** Takes any time within the minute. */
  markMinute(timeMs: number): void {
    if (Number.isFinite(timeMs)) this.#dirty.add(Math.floor(timeMs / MINUTE_MS) * MINUTE_MS)
  }

  /**
   * Resolves once the frequency documents hold all that was marked so far. Calls take turns. Throws what `retry` and
   * `pause` throw; the minutes that are not done stay marked then.
   */
  settle(): Promise<void> {
    const turn = this.#lastTurn.then(() => this.#settleMarked())
    this.#lastTurn = turn.catch(() => {})
    return turn
  }

  async #settleMarked(): Promise<void> {
    let due = [...this.#dirty].sort((one, other) => one - other)
    this.#dirty = new Set()
    const passes = new Map<number, number>()
    let width = MAX_MINUTES
    let conflicts = 0
    try {
      while (due.length > 0) {
        const portion = due.slice(0, width)
        const pass = await this.#options.retry(() => this.#recompute(portion))
        if (pass === null) {
          width = Math.ceil(portion.length / 2)
          continue
        }
        due = [...this.#toRepeat(pass, passes), ...due.slice(portion.length)]
        conflicts = pass.refused.size > 0 ? conflicts + 1 : 0
        if (conflicts > 0) await this.#options.pause(conflictPauseMs(conflicts, this.#options.random()))
      }
    } catch (error) {
      for (const minuteMs of due) this.#dirty.add(minuteMs)
      throw error
    }
  }

  /**
   * The minutes of a pass that another pass must follow now. Where documents keep coming into a minute, each pass finds
   * something to write: what was marked is in it, and the pass that finds nothing is left to the next call.
   */
  #toRepeat({ written, refused }: Pass, passes: Map<number, number>): readonly number[] {
    const repeated: number[] = []
    for (const minuteMs of written) {
      const count = (passes.get(minuteMs) ?? 0) + (refused.has(minuteMs) ? 0 : 1)
      passes.set(minuteMs, count)
      if (refused.has(minuteMs)) repeated.push(minuteMs)
      else if (count >= MAX_PASSES) this.#dirty.add(minuteMs)
      else if (!this.#dirty.has(minuteMs)) repeated.push(minuteMs)
    }
    return repeated
  }

  /** One pass over some minutes; null where they have too many groups to be held at a time. */
  async #recompute(minutes: readonly number[]): Promise<Pass | null> {
    const { elasticsearch, prefix, beforeWrite } = this.#options
    const reading = { elasticsearch, prefix, minutes }
    const most = minutes.length > 1 ? this.#maxGroups : Number.POSITIVE_INFINITY
    await refresh(reading)
    // The versions first: see the class.
    const stored = await readStored(reading)
    const failures = await countFailures(reading, most)
    const requests = failures === null ? null : await countRequests(reading, most)
    if (failures === null || requests === null) return null
    const rewrite = new Set(minutes.filter((minuteMs) => this.#uncertain.has(minuteMs)))
    const writes = planWrites(frequencyDocuments(failures, requests), stored, { prefix, rewrite })
    await beforeWrite?.()
    const written = new Set(writes.map(({ minuteMs }) => minuteMs))
    for (const minuteMs of written) this.#uncertain.add(minuteMs)
    const refused = await writeFrequency(elasticsearch, writes)
    for (const minuteMs of minutes) this.#uncertain.delete(minuteMs)
    return { written, refused }
  }
}

interface Pass {
  /** Minutes of which something was written, or would have been. */
  readonly written: ReadonlySet<number>
  /** Those of them that another instance was writing too. */
  readonly refused: ReadonlySet<number>
}

/** An hour: bounds a request and its answer. */
const MAX_MINUTES = 60
const MAX_GROUPS = 100_000
/** Of a minute in one call, where each finds something to write. */
const MAX_PASSES = 5
const FIRST_PAUSE_MS = 20
const LONGEST_PAUSE_MS = 5_000

/** How long to wait after so many conflicts with other instances. */
export function conflictPauseMs(conflicts: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (conflicts - 1), LONGEST_PAUSE_MS) * random
}

/** `2026-11-25T04:05` of a time in UTC: thousands of documents share it, and a date is dear to read. */
function minuteIn(time: string): string {
  return time.slice(0, 16)
}

function isFailure(document: Stored['document']): document is FailureDocument {
  return 'http' in document
}
