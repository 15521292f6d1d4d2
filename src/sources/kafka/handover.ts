import type { GroupEvent, MessageBatch } from './contract.js'
import type { Plan, Tenure } from './tenures.js'
import { Changes } from './waiting.js'

interface Offer {
  readonly tenure: Tenure
  readonly batch: MessageBatch
  /** Told when the batch is handed out: from then on it counts as read. */
  readonly onTaken: () => void
  /** Told when it is processed, or will not be taken any more. */
  readonly onDone: () => void
}

/**
 * Hands events over to the one who pulls them, in order: a new assignment first, then batches of partitions that are
 * ours by it. What belongs to an assignment that is over is never handed out.
 */
export class Handover {
  readonly #changes = new Changes()
  #offers: Offer[] = []
  #plan: Plan | null = null
  #isDelivered = true
  #end: { readonly error: Error | null } | null = null
  #inHand: Offer | null = null
  /** What the one who pulls knows to be ours. */
  held: ReadonlyMap<number, Tenure> = new Map()

  /** By the newest assignment, whether it is handed out already or not. */
  tenureOf(partition: number): Tenure | undefined {
    return this.#plan?.tenures.get(partition)
  }

  assign(plan: Plan): void {
    this.#plan = plan
    this.#isDelivered = false
    this.#changes.tell()
  }

  offer(offer: Offer): void {
    this.#offers.push(offer)
    this.#changes.tell()
  }

  /** Takes back what was not taken yet; what holds no messages may go on, as long as the partition is ours. */
  withdraw(): void {
    const back = this.#offers.filter(({ batch }) => batch.messages.length > 0)
    this.#offers = this.#offers.filter(({ batch }) => batch.messages.length === 0)
    for (const { onDone } of back) onDone()
  }

  /** Ends the events, with an error or without; the first end counts. */
  end(error: Error | null): void {
    this.#end ??= { error }
    this.#changes.tell()
  }

  /** The next event; null at the end. What was handed out before counts as processed. */
  async next(): Promise<GroupEvent | null> {
    this.finish()
    for (;;) {
      if (this.#end?.error) throw this.#end.error
      if (this.#end !== null) return null
      const event = this.#take()
      if (event !== null) return event
      await this.#changes.next()
    }
  }

  /** What was handed out is processed. */
  finish(): void {
    this.#inHand?.onDone()
    this.#inHand = null
  }

  #take(): GroupEvent | null {
    if (this.#plan !== null && !this.#isDelivered) {
      this.#isDelivered = true
      this.held = this.#plan.tenures
      return this.#plan.event
    }
    for (let offer = this.#offers.shift(); offer !== undefined; offer = this.#offers.shift()) {
      if (this.tenureOf(offer.tenure.partition) !== offer.tenure) {
        offer.onDone()
        continue
      }
      this.#inHand = offer
      offer.onTaken()
      return { kind: 'batch', batch: offer.batch }
    }
    return null
  }
}
