import type { EventView, Role } from '../../src/event-view.js'
import type { LineHandler, TextView } from '../../src/line-handler.js'
import { LineParser, type LineParserOptions } from '../../src/parse/line-parser.js'
import {
  EVENT_FIELDS,
  type EventField,
  type Ledger,
  type LineBlock,
  type LineSource,
  type RejectionReason,
} from '../../src/records.js'
import { T0 } from './documents.js'

/** Fields of an event as the gateway is to write them; an absent one gets its default, `''` is an empty one. */
export type EventSketch = Partial<Record<Exclude<EventField, 'timestamp'>, string>> & {
  /** Milliseconds behind `T0`. */
  readonly at?: number
  readonly timestamp?: string
}

export const CORRELATION_ID = '6b089a00-d3d6-11eb-95aa-911f1ee6c684'
export const OTHER_ID = '34761898-147d-4fad-810c-6170a08b4d85'

const DEFAULTS: Record<Exclude<EventField, 'timestamp'>, string> = {
  level: 'error',
  host: 'api.acme.example:8000',
  pid: '3',
  org: 'acme-eval',
  env: 'test',
  url: 'v2/orders/94976/detail',
  clientIp: '127.0.0.22',
  clientId: 'k-3f9a7c55e1',
  correlationId: CORRELATION_ID,
  component: 'microgateway-core',
  message: '',
  method: 'GET',
  status: '502',
  errorMessage: 'socket hang up',
  errorCode: 'ECONNRESET',
  timeTakenMs: '',
}

export const timestamp = (at = 0): string => new Date(T0 + at).toISOString()

/** All 17 fields of a sketch, as texts. */
export function fieldsOf({ at, ...sketch }: EventSketch = {}): Record<EventField, string> {
  return { ...DEFAULTS, timestamp: timestamp(at), ...sketch }
}

/** An event line without its line end: by default a client half. */
export function eventLine(sketch: EventSketch = {}): string {
  const fields = fieldsOf(sketch)
  const [, ...bracketed] = EVENT_FIELDS
  return `${fields.timestamp} ${bracketed.map((name) => `[${fields[name]}]`).join('')}`
}

export const clientHalf = eventLine

export const targetHalf = (sketch: EventSketch = {}): string =>
  eventLine({
    host: '10.0.0.9:8080',
    component: 'plugins-middleware',
    message: 'targetRequest error',
    status: '',
    timeTakenMs: '395',
    ...sketch,
  })

/** An info line of a request that goes well; by default the request to the target. */
export const infoLine = (sketch: EventSketch = {}): string =>
  eventLine({
    level: 'info',
    host: '10.0.0.9:8080',
    component: 'plugins-middleware',
    message: 'targetRequest',
    status: '',
    errorMessage: '',
    errorCode: '',
    ...sketch,
  })

export const logSource = (source: Partial<LineSource> = {}): LineSource => ({
  path: 'edgemicro-gw-1-api.log',
  partition: 'gw',
  gateway: 'gw',
  ...source,
})

const encoder = new TextEncoder()

export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** A block of a whole source, or a part of it. */
export function blockOf(content: string | Uint8Array, block: Partial<Omit<LineBlock, 'bytes'>> = {}): LineBlock {
  const bytes = typeof content === 'string' ? utf8(content) : content
  return { source: logSource(), offset: 0, last: true, ...block, bytes }
}

export interface FoundEvent {
  readonly fields: Readonly<Record<EventField, string | null>>
  readonly uncertain: readonly EventField[]
  readonly role: Role
  readonly timeMs: number
  readonly offset: number
}

export interface FoundText {
  readonly text: string
  readonly level: string | null
  readonly pid: string | null
  readonly timeMs: number
  readonly offset: number
}

/** Copies everything that a parser finds. */
export class FoundLines implements LineHandler {
  readonly events: FoundEvent[] = []
  readonly plains: FoundText[] = []
  readonly statistics: FoundText[] = []
  readonly continuations: string[] = []
  readonly rejections: (FoundText & { readonly reason: RejectionReason })[] = []

  event(view: EventView): void {
    const { uncertain, role, timeMs, offset } = view
    this.events.push({ fields: fieldsOfView(view), uncertain, role, timeMs, offset })
  }

  plain(view: TextView): void {
    this.plains.push(textOf(view))
  }

  stats(view: TextView): void {
    this.statistics.push(textOf(view))
  }

  continuation(_source: LineSource, bytes: Uint8Array, start: number, end: number): void {
    this.continuations.push(decode(bytes, start, end))
  }

  rejection(reason: RejectionReason, view: TextView): void {
    this.rejections.push({ ...textOf(view), text: decode(view.bytes, view.lineStart, view.lineEnd), reason })
  }
}

export interface Parsed extends FoundLines {
  readonly ledger: Readonly<Ledger>
}

/** Everything that the parser finds in one source, read in one block. */
export function parsed(content: string | Uint8Array, options: LineParserOptions = {}): Parsed {
  return parsedBlocks([blockOf(content)], options)
}

/** Everything that one parser finds in the given blocks. */
export function parsedBlocks(blocks: Iterable<LineBlock>, options: LineParserOptions = {}): Parsed {
  const found = new FoundLines()
  const parser = new LineParser(found, options)
  for (const block of blocks) parser.parse(block)
  parser.finish()
  return Object.assign(found, { ledger: parser.ledger })
}

/** What the ledger must come to: every line counted once. */
export const sumOf = ({ events, plain, stats, continuations, rejections }: Readonly<Ledger>): number =>
  events + plain + stats + continuations + rejections

function fieldsOfView(view: EventView): Record<EventField, string | null> {
  const texts = EVENT_FIELDS.map((name, index) => [name, view.text(index)] as const)
  return Object.fromEntries(texts) as Record<EventField, string | null>
}

function textOf({ bytes, textStart, lineEnd, level, pid, timeMs, offset }: TextView): FoundText {
  return { text: decode(bytes, textStart, lineEnd), level, pid, timeMs, offset }
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(start, end))
}

/** The fields as the parser gives them: empty ones are null. */
export function expectedFields(sketch: EventSketch): Record<EventField, string | null> {
  const entries = Object.entries(fieldsOf(sketch)).map(([name, text]) => [name, text === '' ? null : text])
  return Object.fromEntries(entries)
}
