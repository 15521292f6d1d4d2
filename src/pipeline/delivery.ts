import type { IndexDocument } from '../records.js'
import type { Sink } from '../sinks/sink.js'
import { Courier } from './courier.js'

export interface DeliveryOptions {
  /** Documents in one write. */
  readonly maxBatchDocuments?: number
  /** Documents that may wait for one sink; then `push` waits, and with it the source. */
  readonly maxQueuedDocuments?: number
}

const MAX_BATCH_DOCUMENTS = 5_000
const MAX_QUEUED_DOCUMENTS = 20_000

/**
 * Brings documents to all sinks, in batches, while the steps before go on: the processor never waits for a round trip
 * unless too much waits already. Each sink takes them at its own pace, several writes at a time where it says so; stored
 * is what all of them have confirmed, counted in the order of pushing. An error of a sink stops the delivery for good:
 * each later call throws it.
 */
export class Delivery {
  readonly #sinks: readonly Sink[]
  readonly #couriers: readonly Courier<IndexDocument>[]
  #pushed = 0

  constructor(sinks: readonly Sink[], options: DeliveryOptions = {}) {
    const { maxBatchDocuments: maxBatch = MAX_BATCH_DOCUMENTS, maxQueuedDocuments: maxQueued = MAX_QUEUED_DOCUMENTS } =
      options
    this.#sinks = sinks
    this.#couriers = sinks.map((sink) => new Courier(sink, { maxBatch, maxQueued }))
  }

  /** Number of documents ever pushed; a checkpoint notes it. */
  get pushed(): number {
    return this.#pushed
  }

  /** Number of documents that every sink has confirmed, counted in the order of their pushing. */
  get stored(): number {
    return this.#couriers.reduce((least, { confirmed }) => Math.min(least, confirmed), this.#pushed)
  }

  /** Resolves as soon as there is room for more. */
  async push(documents: readonly IndexDocument[]): Promise<void> {
    this.#pushed += documents.length
    for (const courier of this.#couriers) courier.take(documents)
    for (const courier of this.#couriers) await courier.hasRoom()
  }

  /** Resolves once all that was pushed is stored. */
  async drain(): Promise<void> {
    for (const courier of this.#couriers) await courier.isEmpty()
  }

  /** Resolves once what the sinks derive from all that is stored is up to date; see `Sink.settle`. */
  async settle(options?: { readonly now?: boolean }): Promise<void> {
    for (const sink of this.#sinks) await sink.settle?.(options)
  }
}
