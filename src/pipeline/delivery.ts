import { TransientError } from '../errors.js'
import type { IndexDocument } from '../records.js'
import type { Sink } from '../sinks/sink.js'

export interface DeliveryOptions {
  /** Documents in one write. */
  readonly maxBatchDocuments?: number
  /** Documents that may wait; then `push` waits, and with it the source. */
  readonly maxQueuedDocuments?: number
  /** Waits before a write is tried again; resolves early when `signal` aborts. */
  readonly pause: (milliseconds: number) => Promise<void>
  /** Aborts when the run stops: a write that fails is then tried once more, and no longer. */
  readonly signal?: AbortSignal
  /** 0 … 1, for the jitter of the back-off. */
  readonly random: () => number
  /** Told of each write that will be tried again. */
  readonly onRetry?: (error: TransientError, waitMs: number) => void
}

const MAX_BATCH_DOCUMENTS = 5_000
const MAX_QUEUED_DOCUMENTS = 20_000
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 30_000

/**
 * Brings documents to all sinks, in batches, while the steps before go on: the processor never waits for a round trip
 * unless the queue is full. A batch counts as stored when every sink has confirmed it. A write that may pass later is
 * tried again, whole: sinks take a batch twice. Any other error stops the delivery for good: each later call throws it.
 */
export class Delivery {
  readonly #sinks: readonly Sink[]
  readonly #options: Required<Omit<DeliveryOptions, 'onRetry' | 'signal'>> & Pick<DeliveryOptions, 'onRetry' | 'signal'>
  #queue: IndexDocument[] = []
  #writing: Promise<void> | null = null
  #failure: unknown = null
  #pushed = 0
  #stored = 0

  constructor(sinks: readonly Sink[], options: DeliveryOptions) {
    this.#sinks = sinks
    this.#options = {
      maxBatchDocuments: MAX_BATCH_DOCUMENTS,
      maxQueuedDocuments: MAX_QUEUED_DOCUMENTS,
      ...options,
    }
  }

  /** Number of documents ever pushed; a checkpoint notes it. */
  get pushed(): number {
    return this.#pushed
  }

  /** Number of documents that every sink has confirmed, counted in the order of their pushing. */
  get stored(): number {
    return this.#stored
  }

  /** Resolves as soon as there is room for more. */
  async push(documents: readonly IndexDocument[]): Promise<void> {
    this.#throwFailure()
    for (const document of documents) this.#queue.push(document)
    this.#pushed += documents.length
    this.#start()
    while (this.#queue.length > this.#options.maxQueuedDocuments && this.#failure === null) await this.#writing
    this.#throwFailure()
  }

  /** Resolves once all that was pushed is stored. */
  async drain(): Promise<void> {
    while (this.#writing !== null) await this.#writing
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure
  }

  #start(): void {
    if (this.#writing !== null || this.#queue.length === 0 || this.#failure !== null) return
    this.#writing = this.#writeBatch()
      .catch((error: unknown) => {
        this.#failure = error
      })
      .finally(() => {
        this.#writing = null
        this.#start()
      })
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#queue.slice(0, this.#options.maxBatchDocuments)
    await Promise.all(this.#sinks.map((sink) => this.#writeTo(sink, batch)))
    this.#queue = this.#queue.slice(batch.length)
    this.#stored += batch.length
  }

  async #writeTo(sink: Sink, batch: readonly IndexDocument[]): Promise<void> {
    const { pause, random, onRetry, signal } = this.#options
    for (let attempt = 0; ; attempt++) {
      const isLast = signal?.aborted === true
      try {
        return await sink.write(batch)
      } catch (error) {
        if (!(error instanceof TransientError) || isLast) throw error
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + random() / 2)
        onRetry?.(error, waitMs)
        await pause(waitMs)
      }
    }
  }
}
