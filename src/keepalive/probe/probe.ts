import type { HangupError } from '../../errors.js'
import { type MeasureInput, measure, type Sample } from './measure.js'

/** Limits of what one probe does to a target. */
export const MAX_CONNECTIONS = 10
export const MAX_AT_ONCE = 5

export interface ProbeInput extends Omit<MeasureInput, 'onIdle'> {
  /** Connections in all: 1 to `MAX_CONNECTIONS`. */
  readonly times: number
  /** Connections at a time: 1 to `MAX_AT_ONCE`. */
  readonly atOnce: number
  /** Called when a connection begins to be idle, and when it has ended. */
  readonly onIdle?: (measured: readonly Sample[]) => void
}

export interface Probed {
  /** In the order in which they ended. */
  readonly samples: readonly Sample[]
  /** Why the probe ended before its time; null where it did not. */
  readonly failure: HangupError | null
}

/**
 * Measures several connections. A connection that stayed open or was not kept ends the probe, for the next one would not tell
 * more; so does a failure. Throws the failure where nothing was measured, and the abort's reason.
 */
export async function probe(input: ProbeInput): Promise<Probed> {
  const samples: Sample[] = []
  let failure: HangupError | null = null
  let left = input.times
  let isOver = false
  const one = async (): Promise<void> => {
    while (left > 0 && !isOver) {
      left--
      const sample = await measure({ ...input, onIdle: () => input.onIdle?.(samples) })
      samples.push(sample)
      if (sample.outcome !== 'closed') isOver = true
      input.onIdle?.(samples)
    }
  }
  const lanes = Array.from({ length: Math.min(input.atOnce, input.times) }, () =>
    one().catch((error: unknown) => {
      isOver = true
      input.signal.throwIfAborted()
      failure ??= error as HangupError
    }),
  )
  await Promise.all(lanes)
  if (failure !== null && samples.length === 0) throw failure
  return { samples, failure }
}
