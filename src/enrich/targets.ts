/**
 * Which target a proxy's requests went to of late, for failures whose target half is missing. Evidence older than the
 * horizon is treated as absent, and a proxy that was seen with two targets names none: then a replay from the floor
 * infers what the first pass did.
 */
export class TargetMemory {
  readonly #horizonMs: number
  readonly #proxies = new Map<string, ProxyTargets>()

  constructor({ horizonMs }: { readonly horizonMs: number }) {
    this.#horizonMs = horizonMs
  }

  forget(isGone: (partition: string) => boolean): void {
    for (const key of this.#proxies.keys()) if (isGone(key.slice(0, key.indexOf('\n')))) this.#proxies.delete(key)
  }

  /** What is known of one proxy; keep it to observe many lines without looking it up. */
  of(partition: string, proxy: string): ProxyTargets {
    const key = `${partition}\n${proxy}`
    const known = this.#proxies.get(key)
    if (known !== undefined) return known
    if (this.#proxies.size >= MAX_PROXIES) this.#proxies.clear()
    const targets = new ProxyTargets(this.#horizonMs)
    this.#proxies.set(key, targets)
    return targets
  }
}

/** Base paths are the gateway's, so few; the bound holds where a guess takes an attacker's paths for them. */
const MAX_PROXIES = 10_000

export class ProxyTargets {
  #target: string | null = null
  #lastMs = Number.NEGATIVE_INFINITY
  #otherLastMs = Number.NEGATIVE_INFINITY

  constructor(private readonly horizonMs: number) {}

  observe(target: string, timeMs: number): void {
    if (target === this.#target) {
      if (timeMs > this.#lastMs) this.#lastMs = timeMs
      return
    }
    this.#otherLastMs = Math.max(this.#otherLastMs, this.#lastMs)
    this.#target = target
    this.#lastMs = timeMs
  }

  /** Null where no target was seen within the horizon of `timeMs`, or more than one. */
  infer(timeMs: number): string | null {
    if (Math.abs(timeMs - this.#lastMs) > this.horizonMs) return null
    return Math.abs(timeMs - this.#otherLastMs) > this.horizonMs ? this.#target : null
  }
}
