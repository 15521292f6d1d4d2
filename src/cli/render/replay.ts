import type { Remaining, ReplayResult } from '../../pipeline/replay-letters.js'
import { formatCount } from '../terminal/numbers.js'

/** What a letter that remains wants. */
const REASONS: Readonly<Record<Remaining, string>> = {
  refused: 'the store refuses the document still: see hangup dead-letters explain refused',
  rejected: 'this version cannot use the line either',
  masked:
    'what must be known of the line was hidden when it was rejected: run again over the line itself where it still is (of a topic: run --from)',
  cut: 'the letter does not hold all of it: run again over the line itself where it still is (of a topic: run --from)',
  no_sink: 'the pipeline has no sink that takes it',
}

export interface ReplayForm {
  readonly isDryRun: boolean
  /** Where what remains was written; absent where it was not asked for. */
  readonly remainingFile?: string
}

/** What a replay came to, line by line. */
export function renderReplay(result: ReplayResult, { isDryRun, remainingFile }: ReplayForm): string[] {
  const { letters, leftAlone, documents, failures, understood } = result
  const looked = letters - leftAlone
  const remaining = remainingOf(result)
  const done = isDryRun ? 'would be done' : 'done'
  const stored = isDryRun ? 'would be written' : 'stored'
  const parts: readonly (readonly [number, string])[] = [
    [documents, `${nouns(documents, 'refused document')} ${stored}`],
    [failures, `${nouns(failures, 'rejected line')} ${stored} as part of a failure`],
    [
      understood,
      `${nouns(understood, 'rejected line')} understood, with nothing to store: requests are not counted again`,
    ],
    ...[...result.remaining].map(
      ([why, count]) =>
        [count, `${formatCount(count)} ${count === 1 ? 'remains' : 'remain'}: ${REASONS[why]}`] as const,
    ),
    [leftAlone, `${nouns(leftAlone, 'letter')} left alone: another reason`],
  ]
  return [
    `${nouns(looked, 'letter')}: ${formatCount(looked - remaining)} ${done}, ${formatCount(remaining)} ${remaining === 1 ? 'remains' : 'remain'}`,
    ...parts.filter(([count]) => count > 0).map(([, text]) => `  ${text}`),
    ...(remainingFile !== undefined ? [`what is left: ${remainingFile}`] : []),
  ]
}

export function remainingOf({ remaining }: ReplayResult): number {
  return [...remaining.values()].reduce((sum, count) => sum + count, 0)
}

/** The same for scripts. */
export function replayJson(result: ReplayResult, { isDryRun }: ReplayForm): string {
  const { letters, leftAlone, documents, failures, understood, remaining } = result
  return JSON.stringify({
    letters,
    dry_run: isDryRun,
    documents,
    failures,
    understood,
    remaining: remainingOf(result),
    remaining_by: Object.fromEntries(remaining),
    left_alone: leftAlone,
  })
}

function nouns(count: number, noun: string): string {
  return `${formatCount(count)} ${count === 1 ? noun : `${noun}s`}`
}
