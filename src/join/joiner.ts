import type { Failure, Half, RequestFacts } from '../records.js'
import { earlier, mergeFacts, withHalf } from './failure.js'

/** One half on its way into the join. */
export interface JoinInput {
  readonly id: string
  readonly half: Half
  readonly partition: string
  /** The partition's watermark at this line: a late half waits a window from there, not from its own time. */
  readonly watermarkMs: number
  /** What all lines of the request share; called for its first half, and for others while something is missing. */
  readonly request: () => RequestFacts
  /** These facts lack nothing that another half could add. */
  readonly isWhole?: boolean
}

/** The gateway's note that the client of a request had gone. */
export interface ClientAbortedNote extends Pick<JoinInput, 'id' | 'partition' | 'watermarkMs'> {
  readonly timeMs: number
  /** How long the client had waited. */
  readonly afterMs: number
}

export interface JoinerOptions {
  /** Longest distance in event time of the lines of one request. */
  readonly windowMs: number
  /** Most failures held open; past it the oldest are emitted as they are. */
  readonly maxPending: number
  /**
   * `final`: each failure once, when its window has passed. `eager`: as soon as both halves are there, and again when
   * more comes; the store merges.
   */
  readonly emit: 'final' | 'eager'
  /**
   * Failures that are remembered after they closed, for halves and notes that come by other ways and at another pace;
   * none where not said. They are no longer open: nothing waits for them.
   */
  readonly maxRemembered?: number
  /** What in a partition's name tells by which way its lines came; all of it where not said. */
  readonly placeOf?: (partition: string) => string
}

/** How the target halves of failures found their client halves. */
export interface PairCounts {
  /** Both came by one way. */
  together: number
  /** They came by different ones. */
  apart: number
  /** The failure closed without a client half. */
  alone: number
}

/**
 * Halves → failures, by correlation id, in event time. Lines of a request come in any order and at any distance in
 * lines; a failure closes when the watermark has passed its last line by the window. A half that comes later opens a
 * new failure of the same id, which completes the first one in the store. Memory: at most `maxPending` failures.
 */
export class Joiner {
  readonly #options: JoinerOptions
  readonly #pending = new Map<string, Pending>()
  /**
   * Failures by the second of their last line, so that closing looks at those only that may close. One whose last line
   * moved on, or that was closed, is left behind where it was: its own `second` tells.
   */
  readonly #bySecond = new Map<number, Pending[]>()
  /** Closed ones, the oldest first. */
  readonly #remembered = new Map<string, Pending>()
  readonly #pairs: PairCounts = { together: 0, apart: 0, alone: 0 }
  #evicted = 0
  /** Lines are read again for the state alone: of failures with such lines alone nothing is emitted. */
  isReplay = false

  constructor(options: JoinerOptions) {
    this.#options = options
  }

  /** Failures that had to be emitted before their window had passed. */
  get evicted(): number {
    return this.#evicted
  }

  get pairs(): Readonly<PairCounts> {
    return this.#pairs
  }

  get size(): number {
    return this.#pending.size
  }

  /** Returns failures that are due now: a completed one (eager), or those that had to make room. */
  add({ id, half, partition, watermarkMs, request, isWhole = false }: JoinInput): readonly Failure[] {
    const due: Failure[] = [...this.#expire(id, watermarkMs)]
    const pending = this.#pending.get(id) ?? this.#open(id, partition, half.timeMs)
    this.#touch(pending, Math.max(half.timeMs, watermarkMs))
    if (pending.request === null) pending.request = request()
    else if (!pending.isWhole) pending.request = mergeFacts(pending.request, request())
    pending.isWhole ||= isWhole
    const wasPair = isPair(pending)
    if (half.role === 'client') pending.client = pending.client === null ? half : earlier(pending.client, half)
    else pending.target = withHalf(pending.target, half)
    pending.changed ||= !this.isReplay
    if (!wasPair && isPair(pending)) this.#countPair(pending.partition, partition)
    if (this.#options.emit === 'eager' && pending.changed && isPair(pending)) {
      pending.changed = false
      due.push(toFailure(pending, pending.request))
    }
    if (this.#pending.size > this.#options.maxPending) due.push(...this.#evict())
    return due
  }

  /** The gateway's note that the client had gone: part of a failure, never one by itself. */
  noteClientAborted({ id, partition, watermarkMs, timeMs, afterMs }: ClientAbortedNote): readonly Failure[] {
    const due = this.#expire(id, watermarkMs)
    const pending = this.#pending.get(id) ?? this.#open(id, partition, timeMs)
    pending.clientAbortedAfterMs = afterMs
    pending.changed ||= !this.isReplay
    return this.#pending.size > this.#options.maxPending ? [...due, ...this.#evict()] : due
  }

  /**
   * Emits what the watermark of its partition has left behind, in the order of completion. Event times in
   * milliseconds; `latestMs` is the largest of the watermarks.
   */
  close(watermarkOf: (partition: string) => number, latestMs: number): readonly Failure[] {
    const due: Pending[] = []
    const windowMs = this.#options.windowMs
    for (const [second, bucket] of this.#bySecond) {
      if (second * 1000 + windowMs > latestMs) continue
      const open: Pending[] = []
      for (const pending of bucket) {
        if (pending.second !== second) continue
        if (pending.lastMs + windowMs > watermarkOf(pending.partition)) open.push(pending)
        else due.push(pending)
      }
      if (open.length === 0) this.#bySecond.delete(second)
      else this.#bySecond.set(second, open)
    }
    for (const pending of due) this.#closed(pending)
    return inOrder(due)
  }

  /** What has changed since it was last emitted, as it stands; all of it stays open, and what comes later completes it. */
  changed(): readonly Failure[] {
    const changed = [...this.#pending.values()].filter(({ changed, request }) => changed && request !== null)
    const failures = inOrder(changed)
    for (const pending of changed) pending.changed = false
    return failures
  }

  /** Lets go of what is open in partitions that are no longer read here. */
  forget(isGone: (partition: string) => boolean): void {
    for (const pending of this.#pending.values()) {
      if (!isGone(pending.partition)) continue
      this.#pending.delete(pending.id)
      pending.second = Number.NaN
    }
    for (const [id, { partition }] of this.#remembered) if (isGone(partition)) this.#remembered.delete(id)
  }

  /** Emits everything: at the end of the input, or when a source has gone quiet. */
  closeAll(): readonly Failure[] {
    const due = [...this.#pending.values()]
    this.#pending.clear()
    this.#bySecond.clear()
    return inOrder(due)
  }

  /** Tells, for a partition, the earliest event time that is still needed to rebuild what is open now. */
  earliestMs(): (partition: string) => number {
    const earliest = new Map<string, number>()
    for (const { partition, firstMs } of this.#pending.values()) {
      earliest.set(partition, Math.min(firstMs, earliest.get(partition) ?? firstMs))
    }
    return (partition) => earliest.get(partition) ?? Number.POSITIVE_INFINITY
  }

  /**
   * A failure that the watermark has left behind is closed, whether `close` has come to it yet or not: else it would
   * depend on the borders of blocks which half still joins it.
   */
  #expire(id: string, watermarkMs: number): readonly Failure[] {
    const pending = this.#pending.get(id)
    if (pending === undefined || pending.lastMs + this.#options.windowMs > watermarkMs) return []
    this.#closed(pending)
    // Its bucket lets it go when its second no longer is that of the bucket.
    pending.second = Number.NaN
    return inOrder([pending])
  }

  #countPair(first: string, second: string): void {
    const { placeOf = (partition) => partition } = this.#options
    this.#pairs[first === second || placeOf(first) === placeOf(second) ? 'together' : 'apart']++
  }

  #closed(pending: Pending): void {
    if (pending.client === null && pending.target.length > 0) this.#pairs.alone++
    this.#remember(pending)
  }

  #remember(pending: Pending): void {
    this.#pending.delete(pending.id)
    const { maxRemembered = 0 } = this.#options
    if (maxRemembered === 0) return
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size >= maxRemembered && oldest !== undefined) this.#remembered.delete(oldest)
    this.#remembered.set(pending.id, pending)
  }

  #open(id: string, partition: string, timeMs: number): Pending {
    const remembered = this.#remembered.get(id)
    if (remembered !== undefined) {
      this.#remembered.delete(id)
      const again = { ...remembered, firstMs: timeMs, changed: false }
      this.#pending.set(id, again)
      this.#put(again)
      return again
    }
    const pending: Pending = {
      id,
      partition,
      request: null,
      isWhole: false,
      target: [],
      client: null,
      clientAbortedAfterMs: null,
      firstMs: timeMs,
      lastMs: timeMs,
      second: Number.NaN,
      changed: false,
    }
    this.#pending.set(id, pending)
    this.#put(pending)
    return pending
  }

  #touch(pending: Pending, timeMs: number): void {
    pending.firstMs = Math.min(pending.firstMs, timeMs)
    if (timeMs <= pending.lastMs) return
    pending.lastMs = timeMs
    if (secondOf(timeMs) !== pending.second) this.#put(pending)
  }

  #put(pending: Pending): void {
    const second = secondOf(pending.lastMs)
    pending.second = second
    const bucket = this.#bySecond.get(second)
    if (bucket === undefined) this.#bySecond.set(second, [pending])
    else bucket.push(pending)
  }

  /** Emits the oldest tenth at once: room for many, so that it costs little for each. */
  #evict(): readonly Failure[] {
    const due: Pending[] = []
    const wanted = Math.ceil(this.#options.maxPending / 10)
    for (const second of [...this.#bySecond.keys()].sort((a, b) => a - b)) {
      if (due.length >= wanted) break
      const bucket = this.#bySecond.get(second)?.filter((pending) => pending.second === second) ?? []
      const room = wanted - due.length
      due.push(...bucket.slice(0, room))
      if (bucket.length <= room) this.#bySecond.delete(second)
      else this.#bySecond.set(second, bucket.slice(room))
    }
    for (const pending of due) this.#remember(pending)
    this.#evicted += due.length
    return inOrder(due)
  }
}

interface Pending {
  readonly id: string
  readonly partition: string
  /** Null while no half has come, only a note. */
  request: RequestFacts | null
  isWhole: boolean
  target: readonly Half[]
  client: Half | null
  clientAbortedAfterMs: number | null
  firstMs: number
  lastMs: number
  /** The bucket it stands in. */
  second: number
  /** Something new came since it was last emitted. */
  changed: boolean
}

const isPair = ({ client, target }: Pending): boolean => client !== null && target.length > 0

const secondOf = (timeMs: number): number => Math.floor(timeMs / 1000)

function inOrder(due: Pending[]): readonly Failure[] {
  due.sort((a, b) => a.lastMs - b.lastMs)
  const failures: Failure[] = []
  for (const pending of due) {
    if (pending.changed && pending.request !== null) failures.push(toFailure(pending, pending.request))
  }
  return failures
}

function toFailure({ id, target, client, clientAbortedAfterMs }: Pending, request: RequestFacts): Failure {
  return { id, request, target, client, clientAbortedAfterMs }
}
