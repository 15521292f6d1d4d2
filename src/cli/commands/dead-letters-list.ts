import { type LetterPlace, openDeadLetters } from '../../pipeline/read-dead-letters.js'
import type { DeadLetter } from '../../records.js'
import { reasonOf } from '../../sinks/dead-letters/dead-letter-sink.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import type { DeadLettersOptions } from '../options.js'
import { type DeadLetterSummary, renderDeadLetters } from '../render/dead-letters.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'
import { readPipelineOf } from './run.js'

/** Letters shown one by one; the others are counted. */
const SHOWN = 20
/** There are far fewer, but who wrote the file is not known. */
const MAX_REASONS = 100

/** Prints what lies in a place: how many letters of each reason, and where the first of them stand. */
export async function list(file: string | undefined, options: DeadLettersOptions, context: Context): Promise<number> {
  const limit = limitOf(options.limit) ?? SHOWN
  const { letters, measure } = openDeadLetters(await placeOf(file, options, context), {
    stdin: context.stdin,
    signal: context.signal,
    onProblem: (problem) => tellProblem(problem, context),
    onNotice: (notice) => context.terminal.tell(notice),
  })
  const progress = context.terminal.startProgress(measure)
  const summary = await summarize(letters, { limit, reason: options.reason }).finally(() => progress.end())
  const text = options.json
    ? JSON.stringify({ letters: summary.total, by_reason: Object.fromEntries(summary.byReason) })
    : renderDeadLetters(summary, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  return 0
}

async function placeOf(file: string | undefined, options: DeadLettersOptions, context: Context): Promise<LetterPlace> {
  const { pipeline } = options
  if (file !== undefined && pipeline !== undefined) {
    throw usageError('two places: PLACE and --pipeline', 'give the file of the letters, or the pipeline that names it')
  }
  if (file !== undefined) return file
  if (pipeline === undefined) {
    throw usageError('argument missing: PLACE', 'give the file that run named, -, or --pipeline PIPELINE.yaml')
  }
  return (await readPipelineOf(pipeline, options, context)).deadLetters
}

async function summarize(
  letters: AsyncIterable<DeadLetter>,
  { limit, reason: wanted }: { readonly limit: number; readonly reason: string | undefined },
): Promise<DeadLetterSummary> {
  const byReason = new Map<string, number>()
  const first: DeadLetter[] = []
  let total = 0
  for await (const letter of letters) {
    const reason = reasonOf(letter)
    if (wanted !== undefined && reason !== wanted) continue
    total++
    const counted = byReason.has(reason) || byReason.size < MAX_REASONS ? reason : 'other'
    byReason.set(counted, (byReason.get(counted) ?? 0) + 1)
    if (first.length < limit) first.push(letter)
  }
  return { total, byReason, first }
}

function limitOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw usageError(`not a count: --limit ${text}`, 'write a whole number, such as 100')
}
