import { ConfigError, type HangupError, TransientError } from '../errors.js'
import { type Backfill, planBackfill, type TopicRange } from '../pipeline/backfill/plan.js'
import type { RunInput } from '../pipeline/run-input.js'
import type { TopicStretch } from '../sources/kafka/topic-plan.js'
import type { StretchPosition } from '../sources/kafka/topic-reader.js'
import type { Context } from './context.js'
import { tellProblem } from './errors.js'
import { formatCount } from './terminal/numbers.js'
import { renderRange, renderRest } from './topic-range.js'

export interface BackfillInput extends Pick<RunInput, 'config'> {
  readonly range: TopicRange
  /** Runs the pipeline on what lies in the range; resolves to its exit code. */
  readonly run: (backfill: Backfill) => Promise<number>
}

/**
 * Reads a part of a topic again and stores what it gives, beside the group and without touching it. Where it is stopped,
 * or fails, it says how to go on. The run's exit code, and 1 where some of the range is not there any more.
 */
export async function runBackfill({ config, range, run }: BackfillInput, context: Context): Promise<number> {
  const { terminal, signal } = context
  let exitCode = 0
  const onProblem = (problem: HangupError): void => {
    if (!(problem instanceof TransientError)) exitCode = 1
    tellProblem(problem, context)
  }
  const planned = await planBackfill({ config, range, onProblem, signal })
  const stretches = planned.filter(({ from, to }) => from < to)
  if (stretches.length === 0) {
    terminal.tell(`nothing lies in the range: ${whatIsThere(planned)}`)
    return exitCode
  }
  const messages = stretches.reduce((sum, { from, to }) => sum + to - from, 0)
  terminal.tell(`backfill: ${formatCount(messages)} messages, ${renderRange(stretches)}`)
  let rest: readonly StretchPosition[] = stretches.map((stretch) => ({ ...stretch, position: stretch.from }))
  const onStored: Backfill['onStored'] = (left) => {
    rest = left
  }
  try {
    const runExitCode = await run({ stretches, onStored })
    if (rest.length > 0) tellRest(rest, context)
    return Math.max(exitCode, runExitCode)
  } catch (error) {
    if (!(error instanceof ConfigError)) tellRest(rest, context)
    throw error
  }
}

function whatIsThere(planned: readonly TopicStretch[]): string {
  const held = planned.filter(({ begin, end }) => begin < end)
  if (held.length === 0) return 'the topic is empty'
  return `what is there is ${renderRange(held.map(({ partition, begin, end }) => ({ partition, from: begin, to: end })))}`
}

function tellRest(rest: readonly StretchPosition[], { terminal }: Context): void {
  terminal.tell(`not all of the range was read; what was is stored. To go on: ${renderRest(rest)}`)
}
