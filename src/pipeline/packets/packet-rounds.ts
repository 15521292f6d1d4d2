import type { IndexDocument } from '../../records.js'
import type { PacketWatch } from './packet-watch.js'

/** Looks for captures from time to time, beside the run: reading a large one takes a while, and nobody waits for it. */
export class PacketRounds {
  #ready: IndexDocument[] = []
  #round: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(
    private readonly watch: PacketWatch,
    private readonly everyMs: number,
  ) {}

  /** Documents that were given out. */
  add(documents: readonly IndexDocument[]): void {
    this.watch.add(documents)
  }

  /** What packets have told since the last call; begins another round where it is time. Throws what a round threw. */
  take(): readonly IndexDocument[] {
    if (this.#failure !== null) throw this.#failure.error
    const ready = this.#ready
    this.#ready = []
    const nowMs = performance.now()
    if (this.#round === null && nowMs - this.#lastMs >= this.everyMs) {
      this.#lastMs = nowMs
      this.#round = this.#begin()
    }
    return ready
  }

  /** The last round: nothing more is added. `isLast`: it reads what has come; otherwise the run is to stop, and it does not. */
  async end({ isLast }: { readonly isLast: boolean }): Promise<readonly IndexDocument[]> {
    await this.#round
    if (this.#failure !== null) throw this.#failure.error
    return [...this.#ready, ...(isLast ? await this.watch.look({ isLast }) : this.watch.match())]
  }

  async #begin(): Promise<void> {
    try {
      this.#ready.push(...(await this.watch.look()))
    } catch (error) {
      this.#failure = { error }
    } finally {
      this.#round = null
    }
  }
}
