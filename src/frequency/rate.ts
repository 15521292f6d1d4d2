import { wilson } from './interval.js'
import type { FrequencyRow } from './question.js'

/** The share of requests that failed, with its 95 % interval (Wilson). */
export interface Rate {
  readonly rate: number
  readonly low: number
  readonly high: number
}

/**
 * The rate of a row, or null where its requests are no denominator for its failures: unknown, none, fewer than the
 * failures, not those of all the failures, or requests that no target or API is known of (those of the gateway's statistics are everybody's).
 */
export function rateOf({
  requests,
  failures,
  values,
  isCovered = true,
}: Pick<FrequencyRow, 'requests' | 'failures' | 'values' | 'isCovered'>): Rate | null {
  if (!isCovered) return null
  if (values.target === null || values.proxy === null) return null
  if (requests === null || requests === 0 || failures > requests) return null
  return { rate: failures / requests, ...wilson(failures, requests) }
}
