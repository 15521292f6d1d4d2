import type { IndexDocument, ShipperDocument } from '../records.js'
import type { Sink } from '../sinks/sink.js'

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
  readonly #couriers: readonly Courier[]
  #pushed = 0

  constructor(sinks: readonly Sink[], options: DeliveryOptions = {}) {
    this.#couriers = sinks.map((sink) => new Courier(sink, options))
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
    for (const { sink } of this.#couriers) await sink.settle?.(options)
  }

  /** Hands a sign of life to the sinks that keep it. */
  report(document: ShipperDocument): void {
    for (const { sink } of this.#couriers) sink.report?.(document)
  }
}

/** Brings documents to one sink. */
class Courier {
  readonly #maxBatchDocuments: number
  readonly #maxQueuedDocuments: number
  #queue: IndexDocument[] = []
  /** The batches under way, in the order of their writes. */
  readonly #underWay: { readonly size: number; isConfirmed: boolean }[] = []
  #waiting = 0
  #confirmed = 0
  #failure: { readonly error: unknown } | null = null
  #changed: (() => void)[] = []

  constructor(
    readonly sink: Sink,
    { maxBatchDocuments, maxQueuedDocuments }: DeliveryOptions,
  ) {
    this.#maxBatchDocuments = maxBatchDocuments ?? MAX_BATCH_DOCUMENTS
    this.#maxQueuedDocuments = maxQueuedDocuments ?? MAX_QUEUED_DOCUMENTS
  }

  get confirmed(): number {
    return this.#confirmed
  }

  take(documents: readonly IndexDocument[]): void {
    this.#throwFailure()
    for (const document of documents) this.#queue.push(document)
    this.#waiting += documents.length
    this.#start()
  }

  hasRoom(): Promise<void> {
    return this.#until(() => this.#waiting <= this.#maxQueuedDocuments)
  }

  isEmpty(): Promise<void> {
    return this.#until(() => this.#waiting === 0)
  }

  #start(): void {
    while (this.#queue.length > 0 && this.#underWay.length < (this.sink.maxWrites ?? 1) && this.#failure === null) {
      const documents = this.#queue.slice(0, this.#maxBatchDocuments)
      this.#queue = this.#queue.slice(documents.length)
      const batch = { size: documents.length, isConfirmed: false }
      this.#underWay.push(batch)
      this.sink.write(documents).then(
        () => {
          batch.isConfirmed = true
          this.#confirm()
        },
        (error: unknown) => {
          this.#failure ??= { error }
          this.#tell()
        },
      )
    }
  }

  /** A batch counts once all those before it are confirmed. */
  #confirm(): void {
    while (this.#underWay[0]?.isConfirmed) {
      const { size } = this.#underWay.shift()!
      this.#confirmed += size
      this.#waiting -= size
    }
    this.#start()
    this.#tell()
  }

  async #until(condition: () => boolean): Promise<void> {
    while (this.#failure === null && !condition()) {
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve)
      })
    }
    this.#throwFailure()
  }

  #tell(): void {
    const waiting = this.#changed
    this.#changed = []
    for (const resolve of waiting) resolve()
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
