import type { DeadLetterReason } from '../../sinks/dead-letters/dead-letter-sink.js'
import type { Context } from '../context.js'
import type { DeadLettersOptions } from '../options.js'
import { DEAD_LETTER_REASONS, REASONS } from '../render/dead-letter-reasons.js'
import { renderReasons } from '../render/dead-letters.js'
import { writeOutput } from '../terminal/write.js'

/** Prints what a reason means, or all of them: for people, or with `json` as NDJSON. */
export async function explain(
  reason: string | undefined,
  { json }: Pick<DeadLettersOptions, 'json'>,
  { stdout, terminal }: Context,
): Promise<number> {
  const reasons = (reason === undefined ? DEAD_LETTER_REASONS : [reason]) as readonly DeadLetterReason[]
  const lines = json ? reasons.map(jsonOf) : renderReasons(reasons, terminal.output)
  await writeOutput(stdout, lines.map((line) => `${line}\n`).join(''))
  return 0
}

function jsonOf(reason: DeadLetterReason): string {
  const { means, comes, toDo } = REASONS[reason]
  return JSON.stringify({ reason, means, comes_about: comes, to_do: toDo })
}
