/** Why bytes of a log could not be read. */
const LOSS_REASONS = ['cut', 'gone', 'given_up'] as const

export type LossReason = (typeof LOSS_REASONS)[number]

export interface Loss {
  /** How often something was lost, or may have been. */
  readonly times: number
  /** Bytes that are known to be lost: what was written before a cut and never seen is not among them. */
  readonly bytes: number
}

export const NOTHING_LOST: Loss = { times: 0, bytes: 0 }

/** What of the followed files was lost. `cut`: by truncation; `gone`: deleted between two runs; `given_up`: deleted, and unread for too long. */
export class TailLosses {
  readonly #losses = new Map<LossReason, Loss>()

  add(reason: LossReason, bytes: number): void {
    const known = this.of(reason)
    this.#losses.set(reason, { times: known.times + 1, bytes: known.bytes + Math.max(0, bytes) })
  }

  of(reason: LossReason): Loss {
    return this.#losses.get(reason) ?? NOTHING_LOST
  }

  get all(): readonly (Loss & { readonly reason: LossReason })[] {
    return LOSS_REASONS.map((reason) => ({ reason, ...this.of(reason) }))
  }

  get total(): Loss {
    return this.all.reduce(
      (sum, { times, bytes }) => ({ times: sum.times + times, bytes: sum.bytes + bytes }),
      NOTHING_LOST,
    )
  }
}
