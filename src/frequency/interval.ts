export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * Wilson's score interval for a share: where the true share lies, when `successes` of `trials` were seen. `z` is the
 * normal quantile: 1.96 covers 95 %. Always holds the observed share and stays within 0 … 1; without trials it is all of it.
 *
 * E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927) 209–212.
 */
export function wilson(successes: number, trials: number, z = 1.96): Interval {
  if (trials <= 0) return { low: 0, high: 1 }
  const share = successes / trials
  const spread = (z * z) / trials
  const centre = share + spread / 2
  const reach = z * Math.sqrt((share * (1 - share)) / trials + spread / (4 * trials))
  // At a share of exactly 0 or 1 rounding could put the bound a hair beyond it.
  return {
    low: Math.max(0, Math.min(share, (centre - reach) / (1 + spread))),
    high: Math.min(1, Math.max(share, (centre + reach) / (1 + spread))),
  }
}
