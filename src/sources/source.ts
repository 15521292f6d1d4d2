import type { LineBlock } from '../records.js'

/**
 * Where lines come from. Blocks of one partition arrive in order; the iteration ends when the input is exhausted or
 * the signal aborts. A source that is not pulled does not read: that is the backpressure.
 *
 * Throws `InputError` for input that cannot be read at all. Input that fails among other input that can be read is
 * told through `onProblem` and left out.
 */
export interface Source {
  read(signal: AbortSignal): AsyncIterable<LineBlock>
}
