import type { EventEntry, FailureDocument } from '../../records.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'

export interface Explanation {
  readonly id: string
  /** The request's events in the order of their time. */
  readonly entries: readonly EventEntry[]
  /** Null where nothing failed. */
  readonly failure: FailureDocument | null
  /** Of the failure, in sentences (`storyOf`). */
  readonly story: readonly string[]
}

/** The story of one request for people: what the gateway wrote of it, when, and the verdict with its evidence. */
export function renderExplanation(
  { id, entries, failure, story }: Explanation,
  { width, style }: Pick<Surface, 'width' | 'style'>,
): string[] {
  const textWidth = Math.min(width, 90)
  const first = entries[0]
  const head = `${first.method ?? 'request'} /${first.url ?? ''} (worker ${first.pid ?? '?'}, ${first.org ?? '?'}/${first.env ?? '?'})`
  const startMs = Date.parse(first.timestamp)
  return [
    style.bold(visible(id)),
    ...wrap(visible(head), textWidth),
    '',
    ...entries.flatMap((entry) => line(entry, startMs, textWidth)),
    '',
    ...verdict(failure, story, textWidth),
  ]
}

/** A map: messages come from logs and may be any text, `constructor` too. */
const TELLS: ReadonlyMap<string, string> = new Map([
  ['sourceRequest', 'the client sent the request'],
  ['targetRequest', 'the gateway sent it on to the target'],
  ['targetResponse', 'the target began to answer'],
  ['targetResponse close', 'the answer of the target was complete'],
  ['sourceResponse', 'the gateway answered the client'],
  ['targetRequest error', 'the request to the target failed'],
  ['targetResponse error', 'the answer of the target broke off'],
  ['targetResponse aborted', 'the answer of the target was cut off'],
  ['sourceResponse on close, source request aborted - abort target request', 'the client had gone'],
])

function line(entry: EventEntry, startMs: number, width: number): string[] {
  const { timestamp, message, status, errorMessage, errorCode, timeTakenMs, host, component } = entry
  const known = message === null ? undefined : TELLS.get(message)
  const says =
    known ?? (component === 'microgateway-core' ? 'the gateway answered with an error' : (message ?? component ?? '?'))
  const facts = [
    host,
    status === null ? null : `status ${status}`,
    errorMessage,
    errorCode,
    timeTakenMs === null ? null : `after ${timeTakenMs} ms`,
  ].filter((fact) => fact !== null)
  const sinceStart = `+${Date.parse(timestamp) - startMs} ms`.padStart(10)
  const text = `${visible(says)}${facts.length > 0 ? `: ${visible(facts.join(', '))}` : ''}`
  const [head, ...rest] = wrap(text, width - 14)
  return [`${sinceStart}  ${head}`, ...rest.map((more) => `${' '.repeat(12)}${more}`)]
}

function verdict(failure: FailureDocument | null, story: readonly string[], width: number): string[] {
  if (failure === null) return ['Nothing failed: neither half of a failure is in these logs.']
  const numbers = Object.entries(failure.edgemicro.evidence)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
  return [
    ...story.flatMap((sentence) => wrap(visible(sentence), width)),
    ...(numbers.length > 0 ? wrap(visible(`Evidence: ${numbers.join(', ')}`), width) : []),
  ]
}
