/** What lies before a range in one partition of a topic, and how much of it the state of the range depends on. */
export interface LeadOptions {
  /** First offset that is there. */
  readonly begin: number
  /** Where the range begins. */
  readonly from: number
  /** How far evidence reaches back, in event time. */
  readonly horizonMs: number
  readonly latenessMs: number
  readonly windowMs: number
  /** A source without lines for so long, by the time of messages, is not looked for: what it left open is not needed. */
  readonly silentMs: number
}

/** Lines of one source that lie close together; infinite times where none of them has one. */
export interface LeadBlock {
  readonly partition: string
  readonly offset: number
  readonly minMs: number
  readonly maxMs: number
}

/** Of messages that lie close together. */
export interface MessageTimes {
  readonly oldestMs: number
  readonly newestMs: number
}

/**
 * Finds where reading has to begin, so that what a range gives is what a reader gives that comes from further back: whole
 * minutes, both halves, and all evidence within the horizon. Looks at the topic backwards, piece by piece.
 *
 * Lines of one source are in time order but for the lateness, so a block of it that lies before all that is needed ends
 * the search for it. For sources that were not met at all it goes back by the time of messages, which is that of shipping.
 * Limit: a source that was silent for longer than that and then goes on within the minute; the group's floor has it too.
 */
export class Lead {
  readonly #options: LeadOptions
  readonly #sources = new Map<string, SeenSource>()
  #seenFrom: number
  #oldestMs = Number.POSITIVE_INFINITY
  #newestMs = Number.NEGATIVE_INFINITY

  constructor(options: LeadOptions) {
    this.#options = options
    this.#seenFrom = options.from
  }

  /** Everything from here to the range was looked at. */
  get seenFrom(): number {
    return this.#seenFrom
  }

  /** Messages of that time or later may be of sources that are needed; null before the first look. */
  get silentSinceMs(): number | null {
    return Number.isFinite(this.#newestMs) ? this.#newestMs - this.#options.silentMs : null
  }

  /** A part of the piece that is looked at: pieces go backwards, parts of one forwards. */
  add({ oldestMs, newestMs }: MessageTimes, blocks: Iterable<LeadBlock>): void {
    this.#oldestMs = Math.min(this.#oldestMs, oldestMs)
    this.#newestMs = Math.max(this.#newestMs, newestMs)
    for (const { partition, ...block } of blocks) {
      const source = this.#sources.get(partition) ?? {
        blocks: [],
        newestMs: Number.NEGATIVE_INFINITY,
        shippedMs: oldestMs,
      }
      this.#sources.set(partition, source)
      source.shippedMs = Math.min(source.shippedMs, oldestMs)
      if (!Number.isFinite(block.maxMs)) continue
      source.blocks.push(block)
      // The least of each block: one torn time from the future moves nothing.
      source.newestMs = Math.max(source.newestMs, block.minMs)
    }
  }

  /** All of the piece that begins there was added. */
  seen(from: number): void {
    this.#seenFrom = from
  }

  /** True once enough was looked at. */
  get isWhole(): boolean {
    if (this.#seenFrom <= this.#options.begin) return true
    const silentSinceMs = this.silentSinceMs
    if (silentSinceMs === null || this.#oldestMs >= silentSinceMs) return false
    return [...this.#sources.values()].every((source) => {
      const neededMs = this.#neededMs(source)
      if (source.blocks.some(({ maxMs }) => maxMs < neededMs)) return true
      return this.#oldestMs < source.shippedMs - this.#options.silentMs
    })
  }

  /** Where to look next: four times as far back, and at least to `wanted`. */
  next(wanted = Number.POSITIVE_INFINITY): number {
    const { begin, from } = this.#options
    const further = from - Math.max(LEAST_MESSAGES, 4 * (from - this.#seenFrom))
    return Math.max(begin, Math.min(further, wanted))
  }

  /** Where reading has to begin, as far as was looked: at the first block of any source that is needed. */
  get start(): number {
    let start = this.#options.from
    for (const source of this.#sources.values()) {
      const neededMs = this.#neededMs(source)
      for (const { offset, maxMs } of source.blocks) if (maxMs >= neededMs) start = Math.min(start, offset)
    }
    return start
  }

  /**
   * Event time from which on lines are needed. The watermark lies behind the newest line by the lateness, and by as much
   * again for a slow worker that holds it back; minutes that it has not passed are open, and evidence lies before them.
   */
  #neededMs({ newestMs }: SeenSource): number {
    const { latenessMs, windowMs, horizonMs } = this.#options
    const openMs = Math.floor((newestMs - 2 * latenessMs - windowMs) / MINUTE_MS) * MINUTE_MS
    return openMs - horizonMs - latenessMs
  }
}

interface SeenSource {
  readonly blocks: Omit<LeadBlock, 'partition'>[]
  newestMs: number
  /** The oldest message with lines of it. */
  shippedMs: number
}

const MINUTE_MS = 60_000

/** However long ago they were shipped. */
const LEAST_MESSAGES = 2_000
