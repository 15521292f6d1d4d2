export interface CourierOptions<Item> {
  /** Size of one write, or of a single item where that is larger. */
  readonly maxBatch: number
  /** What may wait; then there is no room. */
  readonly maxQueued: number
  /** What an item counts; 1 where absent. */
  readonly sizeOf?: (item: Item) => number
}

/** What a courier brings items to. */
export interface Recipient<Item> {
  /** How many writes may be under way at a time; 1 where absent. */
  readonly maxWrites?: number
  write(items: readonly Item[]): Promise<void>
}

/**
 * Brings items to one recipient, in batches, while others are taken. Confirmed is counted in the order of taking, by the sizes of items. An
 * error stops it for good: each later call throws it.
 */
export class Courier<Item> {
  readonly #maxBatch: number
  readonly #maxQueued: number
  readonly #sizeOf: (item: Item) => number
  #queue: Item[] = []
  /** The batches under way, in the order of their writes. */
  readonly #underWay: { readonly size: number; isConfirmed: boolean }[] = []
  #waiting = 0
  #confirmed = 0
  #failure: { readonly error: unknown } | null = null
  #changed: (() => void)[] = []

  constructor(
    private readonly recipient: Recipient<Item>,
    { maxBatch, maxQueued, sizeOf = () => 1 }: CourierOptions<Item>,
  ) {
    this.#maxBatch = maxBatch
    this.#maxQueued = maxQueued
    this.#sizeOf = sizeOf
  }

  get confirmed(): number {
    return this.#confirmed
  }

  take(items: readonly Item[]): void {
    this.#throwFailure()
    for (const item of items) {
      this.#queue.push(item)
      this.#waiting += this.#sizeOf(item)
    }
    this.#start()
  }

  hasRoom(): Promise<void> {
    return this.#until(() => this.#waiting <= this.#maxQueued)
  }

  isEmpty(): Promise<void> {
    return this.#until(() => this.#waiting === 0)
  }

  #start(): void {
    while (
      this.#queue.length > 0 &&
      this.#underWay.length < (this.recipient.maxWrites ?? 1) &&
      this.#failure === null
    ) {
      const { items, size } = this.#nextBatch()
      const batch = { size, isConfirmed: false }
      this.#underWay.push(batch)
      this.recipient.write(items).then(
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

  #nextBatch(): { readonly items: readonly Item[]; readonly size: number } {
    let size = 0
    let count = 0
    while (count < this.#queue.length) {
      const more = size + this.#sizeOf(this.#queue[count])
      if (count > 0 && more > this.#maxBatch) break
      size = more
      count++
    }
    const items = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    return { items, size }
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
