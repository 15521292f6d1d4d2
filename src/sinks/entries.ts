import { type EventView, Field } from '../event-view.js'
import type { LineHandler, TextView } from '../line-handler.js'
import type { Entry, EventField, LineSource, Position, RejectionReason } from '../records.js'
import { JsonBytes } from './json-bytes.js'

/** What of an entry is hidden; the pipeline's redactor. */
export interface EntryRedaction {
  clientKey(clientId: string | null): string | null
  urlField(url: string | null, clientId: string | null): string | null
  text(text: string | null, clientId?: string | null): string | null
  rejected(text: string): string
  readonly settings: { readonly clientId: string; readonly query: string; readonly text: string }
}

export interface EntryWriterOptions {
  readonly redaction: EntryRedaction
  /** Text of a stats record → its counters. */
  readonly readCounters: (text: string) => Record<string, number>
}

/** Continuation text kept per entry; what is longer is cut, its lines are counted all the same. */
const MAX_CONTINUATION_LENGTH = 65_536

/**
 * Entries as NDJSON, as `parse` prints them. An event's fields go from the input's bytes to the output's without
 * becoming strings where nothing in them has to change. An entry stays open until the next one begins, because
 * continuation lines belong to it.
 */
export class EntryWriter implements LineHandler {
  readonly #options: EntryWriterOptions
  readonly #out = new JsonBytes()
  readonly #keys = new Map<string, string | null>()
  /** Position of the entry that is still open, and where it begins in the output. */
  #open: Position | null = null
  #openAt = 0
  #continuation: string | null = null
  #sourceJson: { readonly path: string; readonly bytes: Uint8Array } = { path: '', bytes: EMPTY }

  constructor(options: EntryWriterOptions) {
    this.#options = options
  }

  /** The bytes of all closed entries; valid until the next call of `take`. */
  take(): Uint8Array {
    const taken = this.#out.take(this.#open === null ? undefined : this.#openAt)
    this.#openAt = 0
    return taken
  }

  /** Closes the entry that is open, so that all can be taken. */
  close(): void {
    if (this.#open === null) return
    const out = this.#out
    const text = this.#continuation
    if (text === null) out.raw(CONTINUATION_NULL)
    else {
      out.raw(CONTINUATION)
      out.string(this.#options.redaction.text(text) ?? '')
      out.raw(POSITION)
    }
    this.#position(this.#open.source, this.#open.offset)
    this.#open = null
    this.#continuation = null
  }

  event(view: EventView): void {
    this.close()
    const out = this.#out
    const { bytes, start, end } = view
    const { redaction } = this.#options
    const clientId = redaction.settings.clientId === 'show' ? null : view.text(Field.clientId)
    out.reserve(end[Field.timeTaken] - start[Field.timestamp])
    this.#openAt = out.length
    out.raw(EVENT_TIMESTAMP)
    out.plain(bytes, start[Field.timestamp], end[Field.timestamp])
    out.raw(LEVEL)
    out.plain(bytes, start[Field.level], end[Field.level])
    out.raw(HOST)
    this.#textField(view, Field.host)
    out.raw(PID)
    this.#textField(view, Field.pid)
    out.raw(ORG)
    this.#textField(view, Field.org)
    out.raw(ENV)
    this.#textField(view, Field.env)
    out.raw(URL_NAME)
    this.#url(view, clientId)
    out.raw(CLIENT_IP)
    this.#textField(view, Field.clientIp)
    out.raw(CLIENT_ID)
    this.#clientId(view, clientId)
    out.raw(CORRELATION_ID)
    this.#textField(view, Field.correlationId)
    out.raw(COMPONENT)
    this.#textField(view, Field.component)
    out.raw(MESSAGE)
    this.#message(view, Field.message, clientId)
    out.raw(METHOD)
    this.#textField(view, Field.method)
    out.raw(STATUS)
    this.#numberField(view, Field.status)
    out.raw(ERROR_MESSAGE)
    this.#message(view, Field.errorMessage, clientId)
    out.raw(ERROR_CODE)
    this.#textField(view, Field.errorCode)
    out.raw(TIME_TAKEN)
    this.#numberField(view, Field.timeTaken)
    if (view.uncertain.length > 0) this.#uncertain(view.uncertain)
    this.#open = { source: view.source.path, offset: view.offset }
  }

  plain(view: TextView): void {
    this.close()
    const { bytes, textStart, lineEnd, lineStart, level, pid } = view
    const timestamp = decodeText(bytes, lineStart, lineStart + TIMESTAMP_LENGTH)
    const text = this.#options.redaction.text(decodeText(bytes, textStart, lineEnd)) ?? ''
    this.#openEntry({ kind: 'plain', timestamp, level, pid, text }, view)
  }

  stats(view: TextView): void {
    this.close()
    const { bytes, textStart, lineEnd, lineStart, pid } = view
    const timestamp = decodeText(bytes, lineStart, lineStart + TIMESTAMP_LENGTH)
    const counters = this.#options.readCounters(decodeText(bytes, textStart, lineEnd))
    this.#openEntry({ kind: 'stats', timestamp, pid: pid ?? '', counters }, view)
  }

  continuation(_source: LineSource, bytes: Uint8Array, start: number, end: number): void {
    if (this.#open === null) return
    const text = decodeText(bytes, start, end)
    if (this.#continuation === null) {
      if (text !== '') this.#continuation = text
    } else if (this.#continuation.length < MAX_CONTINUATION_LENGTH) this.#continuation += `\n${text}`
  }

  rejection(reason: RejectionReason, { bytes, lineStart, lineEnd, source, offset }: TextView): void {
    this.close()
    const text = this.#options.redaction.rejected(decodeText(bytes, lineStart, lineEnd))
    const entry: Entry = { kind: 'rejected', reason, text, position: { source: source.path, offset } }
    this.#out.text(`${JSON.stringify(entry)}\n`)
  }

  /** Leaves the entry open behind its last own field. */
  #openEntry(fields: object, { source, offset }: TextView): void {
    this.#openAt = this.#out.length
    this.#out.text(JSON.stringify(fields).slice(0, -1))
    this.#open = { source: source.path, offset }
  }

  #textField({ bytes, start, end }: EventView, field: number): void {
    if (start[field] === end[field]) this.#out.raw(NULL)
    else this.#out.quoted(bytes, start[field], end[field])
  }

  #numberField({ bytes, start, end }: EventView, field: number): void {
    if (start[field] === end[field]) this.#out.raw(NULL)
    else this.#out.number(bytes, start[field], end[field])
  }

  /** The way of nearly all urls: cut at `?`; anything that may be a secret takes the slow way. */
  #url(view: EventView, clientId: string | null): void {
    const { bytes } = view
    const from = view.start[Field.url]
    const to = view.end[Field.url]
    if (from === to) return this.#out.raw(NULL)
    const { redaction } = this.#options
    if (redaction.settings.query === 'show') return this.#out.quoted(bytes, from, to)
    const queryStart = redaction.settings.query === 'drop' ? endOfPlainPath(bytes, from, to) : -1
    if (queryStart < 0 || (clientId !== null && holds(bytes, from, queryStart, clientId))) {
      return this.#string(redaction.urlField(view.text(Field.url), clientId))
    }
    this.#out.quoted(bytes, from, queryStart)
  }

  #clientId(view: EventView, clientId: string | null): void {
    if (view.isEmpty(Field.clientId)) return this.#out.raw(NULL)
    if (clientId === null) return this.#textField(view, Field.clientId)
    let key = this.#keys.get(clientId)
    if (key === undefined) {
      key = this.#options.redaction.clientKey(clientId)
      if (this.#keys.size > 10_000) this.#keys.clear()
      this.#keys.set(clientId, key)
    }
    this.#string(key)
  }

  #message(view: EventView, field: number, clientId: string | null): void {
    if (view.isEmpty(field)) return this.#out.raw(NULL)
    // What the gateway says of requests in its own words: no secret can stand in it.
    if (view.role !== 0 && field === Field.message) return this.#textField(view, field)
    this.#string(this.#options.redaction.text(view.text(field), clientId))
  }

  #string(text: string | null): void {
    if (text === null) this.#out.raw(NULL)
    else this.#out.string(text)
  }

  #uncertain(fields: readonly EventField[]): void {
    this.#out.text(`,"uncertain":${JSON.stringify(fields)}`)
  }

  #position(path: string, offset: number): void {
    if (this.#sourceJson.path !== path) {
      this.#sourceJson = { path, bytes: Buffer.from(`{"source":${JSON.stringify(path)},"offset":`) }
    }
    this.#out.raw(this.#sourceJson.bytes)
    this.#out.integer(offset)
    this.#out.raw(ENTRY_END)
  }
}

const constant = (text: string): Uint8Array => new TextEncoder().encode(text)
const EMPTY = new Uint8Array(0)
const NULL = constant('null')
const EVENT_TIMESTAMP = constant('{"kind":"event","timestamp":"')
const LEVEL = constant('","level":"')
const HOST = constant('","host":')
const PID = constant(',"pid":')
const ORG = constant(',"org":')
const ENV = constant(',"env":')
const URL_NAME = constant(',"url":')
const CLIENT_IP = constant(',"clientIp":')
const CLIENT_ID = constant(',"clientId":')
const CORRELATION_ID = constant(',"correlationId":')
const COMPONENT = constant(',"component":')
const MESSAGE = constant(',"message":')
const METHOD = constant(',"method":')
const STATUS = constant(',"status":')
const ERROR_MESSAGE = constant(',"errorMessage":')
const ERROR_CODE = constant(',"errorCode":')
const TIME_TAKEN = constant(',"timeTakenMs":')
const CONTINUATION = constant(',"continuation":')
const CONTINUATION_NULL = constant(',"continuation":null,"position":')
const POSITION = constant(',"position":')
const ENTRY_END = constant('}}\n')
const TIMESTAMP_LENGTH = 24

const decoder = new TextDecoder('utf-8')
const decodeText = (bytes: Uint8Array, start: number, end: number): string => decoder.decode(bytes.subarray(start, end))

/** Bytes in a path that may belong to a secret (`@`, `=`, `#`, `%3…`) or to a token (`eyJ`): -1 tells to look closer. */
function endOfPlainPath(bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]
    if (byte === 0x3f) return i
    if (byte === 0x40 || byte === 0x3d || byte === 0x23) return -1
    if (byte === 0x25 && bytes[i + 1] === 0x33) return -1
    if (byte === 0x79 && bytes[i + 1] === 0x4a && bytes[i - 1] === 0x65) return -1
  }
  return to
}

function holds(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  const length = text.length
  const first = text.charCodeAt(0)
  for (let i = from; i <= to - length; i++) {
    if (bytes[i] !== first) continue
    let at = 1
    while (at < length && bytes[i + at] === text.charCodeAt(at)) at++
    if (at === length) return true
  }
  return false
}
