import type { DeadLetter, RefusedEntry } from '../../records.js'
import { type DeadLetterReason, reasonOf } from '../../sinks/dead-letters/dead-letter-sink.js'
import { formatCount } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'
import { REASONS, type ReasonText } from './dead-letter-reasons.js'

export interface DeadLetterSummary {
  readonly total: number
  /** A newer version may have reasons that this one does not know. */
  readonly byReason: ReadonlyMap<string, number>
  /** The first of them, to be shown one by one. */
  readonly first: readonly DeadLetter[]
}

/** Dead letters for people: how many of each reason, what it means, and where the first of them stand. */
export function renderDeadLetters(
  { total, byReason, first }: DeadLetterSummary,
  { width, style }: Pick<Surface, 'width' | 'style'>,
): string[] {
  if (total === 0) return ['No dead letters.']
  const reasons = [...byReason].sort(([, a], [, b]) => b - a)
  const refused = byReason.get('refused') ?? 0
  const left = total - first.length
  const counts = renderTable(
    {
      columns: [
        { title: 'reason' },
        { title: total > refused ? 'lines' : 'documents', align: 'right' },
        { title: 'means' },
      ],
      rows: reasons.map(([reason, count]) => [ends(reason), formatCount(count), textOf(reason)?.means ?? '']),
    },
    { width, style },
  )
  const letters = first.length === 0 ? [] : ['', ...renderLetters(first, { width, style }), ...wordsOfStores(first)]
  return [
    headline(total, refused),
    '',
    ...counts,
    ...letters,
    ...(left > 0 && first.length > 0 ? [`and ${formatCount(left)} more`] : []),
  ]
}

/** What is known of a reason; undefined for one of a newer version. */
function textOf(reason: string): ReasonText | undefined {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as DeadLetterReason] : undefined
}

function renderLetters(letters: readonly DeadLetter[], layout: Pick<Surface, 'width' | 'style'>): string[] {
  const messages = letters.map(messageOf)
  const hasMessages = messages.some((message) => message !== '')
  return renderTable(
    {
      columns: [
        { title: 'reason' },
        { title: 'file' },
        { title: 'offset', align: 'right' },
        ...(hasMessages ? [{ title: 'message' }] : []),
        { title: 'text' },
      ],
      rows: letters.map((letter, index) => [
        ends(reasonOf(letter)),
        ends(letter.position?.source ?? '-'),
        letter.position === null ? '-' : String(letter.position.offset),
        ...(hasMessages ? [ends(messages[index] || '-')] : []),
        ends(letter.kind === 'refused' ? `${letter.sink} ${letter.status}` : letter.text),
      ]),
    },
    layout,
  )
}

/** Of a long text its two ends, which is more than a terminal shows: to measure all of it takes long. */
function ends(text: string): string {
  return text.length <= 2 * MAX_END ? text : `${text.slice(0, MAX_END)}…${text.slice(-MAX_END)}`
}

const MAX_END = 400

/** `TOPIC/PARTITION@OFFSET`; empty where the line did not come through Kafka. */
function messageOf(letter: DeadLetter): string {
  const message = letter.kind === 'rejected' ? letter.position.kafka : undefined
  return message === undefined ? '' : `${message.topic}/${message.partition}@${message.offset}`
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

/** What reasons mean, how they come about, and what to do. */
export function renderReasons(
  reasons: readonly DeadLetterReason[],
  { width, style }: Pick<Surface, 'width' | 'style'>,
): string[] {
  const room = Math.min(width, MAX_WIDTH) - INDENT.length
  return reasons.flatMap((reason, index) => {
    const { means, comes, toDo } = REASONS[reason]
    const subject = reason === 'refused' ? 'This' : 'The line'
    const paragraphs = [`${subject} ${means}.`, comes, `What to do: ${toDo}`]
    return [
      ...(index > 0 ? [''] : []),
      style.bold(reason),
      ...paragraphs.flatMap((text) => wrap(text, room).map((line) => `${INDENT}${line}`)),
    ]
  })
}

const INDENT = '  '
const MAX_WIDTH = 100
