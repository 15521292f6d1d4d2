import type { DeadLetter, RefusedEntry, RejectionReason } from '../../records.js'
import { formatCount } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { visible } from '../terminal/text.js'

/** Why a line could not be used; `refused`: a store did not take a document. */
export type DeadLetterReason = RejectionReason | 'refused'

export function reasonOf(letter: DeadLetter): DeadLetterReason {
  return letter.kind === 'refused' ? 'refused' : letter.reason
}

export interface DeadLetterSummary {
  readonly total: number
  readonly byReason: ReadonlyMap<DeadLetterReason, number>
  /** The first of them, to be shown one by one. */
  readonly first: readonly DeadLetter[]
}

/** What each reason means, in plain words. */
const MEANINGS: Readonly<Record<DeadLetterReason, string>> = {
  too_long: 'longer than a line may be (1 MiB)',
  bad_timestamp: 'its time is no time, or its beginning was torn off',
  bad_level: 'no level that the gateway writes follows its time',
  missing_fields: 'an event with fewer fields than the gateway writes',
  bad_field: 'an event with a field that cannot hold what stands in it',
  ambiguous: 'text from a client can be read as fields in more than one way',
  unterminated: 'an event that breaks off before its last field',
  no_record: 'belongs to no record before it',
  control_bytes: 'NUL bytes alone, as a crash leaves them',
  bad_envelope: "no entry of a container's log",
  refused: 'a document that a store will not take, in its own words',
}

/** Dead letters for people: how many of each reason, what it means, and where the first of them stand. */
export function renderDeadLetters(
  { total, byReason, first }: DeadLetterSummary,
  { width, style }: Pick<Surface, 'width' | 'style'>,
): string[] {
  if (total === 0) return ['No dead letters.']
  const reasons = [...byReason].sort(([, a], [, b]) => b - a)
  const left = total - first.length
  return [
    headline(total, byReason.get('refused') ?? 0),
    '',
    ...renderTable(
      {
        columns: [
          { title: 'reason' },
          { title: total > (byReason.get('refused') ?? 0) ? 'lines' : 'documents', align: 'right' },
          { title: 'means' },
        ],
        rows: reasons.map(([reason, count]) => [reason, formatCount(count), MEANINGS[reason] ?? '']),
      },
      { width, style },
    ),
    '',
    ...renderTable(
      {
        columns: [{ title: 'reason' }, { title: 'file' }, { title: 'offset', align: 'right' }, { title: 'text' }],
        rows: first.map((letter) => [
          reasonOf(letter),
          letter.position?.source ?? '-',
          letter.position === null ? '-' : String(letter.position.offset),
          letter.kind === 'refused' ? `${letter.sink} ${letter.status}` : letter.text,
        ]),
      },
      { width, style },
    ),
    ...wordsOfStores(first),
    ...(left > 0 ? [`and ${formatCount(left)} more`] : []),
  ]
}

/** What stores said, never cut, since any part of it may be the one that tells why; each text once. */
function wordsOfStores(letters: readonly DeadLetter[]): string[] {
  const words = letters.flatMap((letter) => (letter.kind === 'refused' ? [visible(wordsOf(letter))] : []))
  return words.length === 0 ? [] : ['', ...new Set(words)]
}

function wordsOf({ sink, status, reason }: RefusedEntry): string {
  return `${sink} ${status}: ${reason}`
}

function headline(total: number, refused: number): string {
  const count = (number: number, noun: string): string => `${formatCount(number)} ${number === 1 ? noun : `${noun}s`}`
  const lines = total - refused > 0 ? [`${count(total - refused, 'line')} could not be used`] : []
  const documents = refused > 0 ? [`${count(refused, 'document')} could not be stored`] : []
  return `${[...lines, ...documents].join(', ')}.`
}
