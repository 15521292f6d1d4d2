import { openDeadLetters } from '../../pipeline/read-dead-letters.js'
import type { RejectedEntry, RejectionReason } from '../../records.js'
import type { Context } from '../context.js'
import type { DeadLettersOptions } from '../options.js'
import { type DeadLetterSummary, renderDeadLetters } from '../render/dead-letters.js'
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

async function summarize(letters: AsyncIterable<RejectedEntry>, signal: AbortSignal): Promise<DeadLetterSummary> {
  const byReason = new Map<RejectionReason, number>()
  const first: RejectedEntry[] = []
  let total = 0
  for await (const letter of letters) {
    signal.throwIfAborted()
    total++
    byReason.set(letter.reason, (byReason.get(letter.reason) ?? 0) + 1)
    if (first.length < SHOWN) first.push(letter)
  }
  return { total, byReason, first }
}
