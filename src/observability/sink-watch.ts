import { TransientError } from '../errors.js'
import type { Sink } from '../sinks/sink.js'
import type { SinkCounts } from './snapshot.js'

/** Since when a sink has been failing, on the monotonic clock, and with which code of `ErrorCode`. */
export interface Failing {
  readonly sinceMs: number
  readonly code: string
}

/** Counts what becomes of the documents of one sink. */
export class SinkWatch {
  #confirmed = 0
  #retries = 0
  #refused = 0
  #underWay = 0
  #failing: Failing | null = null

  constructor(
    readonly sink: string,
    private readonly monotonicMs: () => number,
  ) {}

  get counts(): SinkCounts {
    const { sink } = this
    return {
      sink,
      stored: Math.max(0, this.#confirmed - this.#refused),
      retries: this.#retries,
      refused: this.#refused,
    }
  }

  /** Null where the last that was heard of the sink is good. */
  get failing(): Failing | null {
    return this.#failing
  }

  /** A write has begun and is not confirmed. */
  get isWriting(): boolean {
    return this.#underWay > 0
  }

  /** Something failed that will be tried again; for sinks that do so by themselves. */
  retried(code: string): void {
    this.#retries++
    this.#failing = { sinceMs: this.#failing?.sinceMs ?? this.monotonicMs(), code }
  }

  /** Documents that the store will never take: they are dead letters, and part of a write that is confirmed. */
  refused(documents: number): void {
    this.#refused += documents
  }

  /** The store answers again; a confirmed write says so too. */
  recovered(): void {
    this.#failing = null
  }

  /** The sink itself, watched: each call goes through unchanged. */
  over(sink: Sink): Sink {
    return {
      name: sink.name,
      maxWrites: sink.maxWrites,
      write: this.writing(sink),
      settle: sink.settle?.bind(sink),
      report: sink.report?.bind(sink),
      close: () => sink.close(),
    }
  }

  /** The writing of a sink, of documents or of something else, watched; an item counts as `sizeOf` says. */
  writing<Item>(
    sink: { write(items: readonly Item[]): Promise<void> },
    sizeOf: (item: Item) => number = () => 1,
  ): (items: readonly Item[]) => Promise<void> {
    return async (items) => {
      this.#underWay++
      try {
        await sink.write(items)
        for (const item of items) this.#confirmed += sizeOf(item)
        this.recovered()
      } catch (error) {
        if (error instanceof TransientError) this.retried(error.code)
        throw error
      } finally {
        this.#underWay--
      }
    }
  }
}
