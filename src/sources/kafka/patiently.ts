import { type HangupError, TransientError } from '../../errors.js'
import { Problems } from '../../problems.js'
import { pause } from './waiting.js'

export interface Patience {
  readonly signal: AbortSignal
  readonly onProblem: (problem: HangupError) => void
}

/** Asks until there is an answer, as long as what stands in the way may pass by itself; null where the signal aborts. */
export async function patiently<Answer>(
  { signal, onProblem }: Patience,
  ask: () => Promise<Answer>,
): Promise<Answer | null> {
  const problems = new Problems(onProblem)
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof TransientError)) throw error
      problems.tell(error)
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), signal)
    }
  }
  return null
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000
