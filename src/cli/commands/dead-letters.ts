import { openDeadLetters } from '../../pipeline/read-dead-letters.js'
import type { DeadLetter } from '../../records.js'
import type { Context } from '../context.js'
import type { DeadLettersOptions } from '../options.js'
import { type DeadLetterReason, type DeadLetterSummary, reasonOf, renderDeadLetters } from '../render/dead-letters.js'
import { writeOutput } from '../terminal/write.js'

/** Letters shown one by one; the others are counted. */
const SHOWN = 20

export async function run([file]: readonly string[], options: DeadLettersOptions, context: Context): Promise<number> {
  const summary = await summarize(openDeadLetters(file, context.stdin), context.signal)
  const text = options.json
    ? JSON.stringify({ letters: summary.total, by_reason: Object.fromEntries(summary.byReason) })
    : renderDeadLetters(summary, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  return 0
}

async function summarize(letters: AsyncIterable<DeadLetter>, signal: AbortSignal): Promise<DeadLetterSummary> {
  const byReason = new Map<DeadLetterReason, number>()
  const first: DeadLetter[] = []
  let total = 0
  for await (const letter of letters) {
    signal.throwIfAborted()
    total++
    byReason.set(reasonOf(letter), (byReason.get(reasonOf(letter)) ?? 0) + 1)
    if (first.length < SHOWN) first.push(letter)
  }
  return { total, byReason, first }
}
