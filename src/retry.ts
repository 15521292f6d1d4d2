import { TransientError } from './errors.js'

export interface RetryOptions {
  /** Waits; resolves early when the signal aborts. */
  readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** 0 … 1, for the jitter of the back-off. */
  readonly random: () => number
  /** Aborts when the run stops: what fails is then tried once more, and no longer. */
  readonly signal?: AbortSignal
  /** Told of each failure that will be tried again. */
  readonly onRetry?: (error: TransientError, waitMs: number) => void
}

/**
 * Does something until it works: after a `TransientError` it waits and tries again, with no end but the stop of the run.
 * Any other error, and the last one at a stop, is thrown.
 */
export async function retrying<Result>(operation: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    const isLast = options.signal?.aborted === true
    try {
      return await operation()
    } catch (error) {
      if (!(error instanceof TransientError) || isLast) throw error
      await pauseAfter(error, attempt, options)
    }
  }
}

/** Tells of a failure and waits before the next attempt; `attempt` counts from 0. */
export async function pauseAfter(error: TransientError, attempt: number, options: RetryOptions): Promise<void> {
  const waitMs = Math.max(backOffMs(attempt, options.random()), error.retryAfterMs ?? 0)
  options.onRetry?.(error, waitMs)
  await options.pause(waitMs, options.signal)
}

/** Doubles from a fifth of a second up to half a minute; the jitter spreads it over the upper half of that. */
function backOffMs(attempt: number, random: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + random / 2)
}

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 30_000
