import { ByteMap } from '../byte-map.js'
import { decode, type EventView, Field, Role } from '../event-view.js'
import type { LineHandler, TextView } from '../line-handler.js'
import type { EventEntry, LineSource, PlainEntry, RejectedEntry, RejectionReason, StatsEntry } from '../records.js'
import { type Constant, constant, isPlain, JsonBytes } from './json-bytes.js'

/** What of an entry is hidden: the pipeline's redactor. */
export interface EntryRedaction {
  clientKey(clientId: string | null): string | null
  urlField(url: string | null, clientId: string | null): string | null
  host(host: string | null, clientId: string | null): string | null
  text(text: string | null, clientId?: string | null): string | null
  rejected(text: string): string
  readonly settings: { readonly query: 'drop' | 'mask' | 'show' }
}

export interface EntryWriterOptions {
  readonly redaction: EntryRedaction
  /** Text of a stats record → its counters. */
  readonly readCounters: (text: string) => Record<string, number>
}

/** Continuation text kept per entry; what is longer is cut, its lines are counted all the same. */
const MAX_CONTINUATION_LENGTH = 65_536
const MAX_KEYS = 10_000

/**
 * Entries as NDJSON, as `parse` prints them. An event whose bytes may stand in JSON as they are is copied from the input
 * to the output without becoming strings; any other entry takes the slow way, through an object. An entry stays open
 * until the next one begins, because continuation lines belong to it.
 */
export class EntryWriter implements LineHandler {
  readonly #redaction: EntryRedaction
  readonly #readCounters: (text: string) => Record<string, number>
  readonly #out = new JsonBytes()
  readonly #keys = new ByteMap<Constant>({ maxSize: MAX_KEYS })
  /** Path of the entry that is still open, its offset there, and where it begins in the output. */
  #open: string | null = null
  #openOffset = 0
  #openAt = 0
  #continuation: string | null = null
  #source: { readonly path: string; readonly json: Constant } = { path: '', json: constant('') }
  /** The block at hand, four bytes at a time. */
  #input: DataView = new DataView(new ArrayBuffer(0))
  #inputBytes: Uint8Array = new Uint8Array(0)

  constructor({ redaction, readCounters }: EntryWriterOptions) {
    this.#redaction = redaction
    this.#readCounters = readCounters
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
    if (this.#continuation === null) out.raw(CONTINUATION_NULL)
    else {
      out.text(`,"continuation":${JSON.stringify(this.#redaction.text(this.#continuation))}`)
      out.raw(POSITION)
    }
    if (this.#source.path !== this.#open) {
      this.#source = { path: this.#open, json: constant(`{"source":${JSON.stringify(this.#open)},"offset":`) }
    }
    out.reserve(this.#source.json.length)
    out.raw(this.#source.json)
    out.integer(this.#openOffset)
    out.raw(ENTRY_END)
    this.#open = null
    this.#continuation = null
  }

  event(view: EventView): void {
    this.close()
    const urlEnd = this.#endOfCopiedUrl(view)
    if (urlEnd >= 0) this.#copyEvent(view, urlEnd)
    else this.#openEntry(this.#eventEntry(view), view)
  }

  plain(view: TextView): void {
    this.close()
    const { level, pid } = view
    const text = this.#redaction.text(textOf(view)) ?? ''
    const entry: Opened<PlainEntry> = { kind: 'plain', timestamp: timestampOf(view), level, pid, text }
    this.#openEntry(entry, view)
  }

  stats(view: TextView): void {
    this.close()
    const counters = this.#readCounters(textOf(view))
    const entry: Opened<StatsEntry> = { kind: 'stats', timestamp: timestampOf(view), pid: view.pid ?? '', counters }
    this.#openEntry(entry, view)
  }

  continuation(_source: LineSource, bytes: Uint8Array, start: number, end: number): void {
    if (this.#open === null) return
    const text = decode(bytes, start, end)
    if (this.#continuation === null) {
      if (text !== '') this.#continuation = text
    } else if (this.#continuation.length < MAX_CONTINUATION_LENGTH) this.#continuation += `\n${text}`
  }

  rejection(reason: RejectionReason, { bytes, lineStart, lineEnd, source, offset }: TextView): void {
    this.close()
    const text = this.#redaction.rejected(decode(bytes, lineStart, lineEnd))
    const entry: RejectedEntry = { kind: 'rejected', reason, text, position: { source: source.path, offset } }
    this.#out.text(`${JSON.stringify(entry)}\n`)
  }

  /** Leaves the entry open behind its last own field. */
  #openEntry(fields: object, { source, offset }: { readonly source: LineSource; readonly offset: number }): void {
    this.#openAt = this.#out.length
    this.#out.text(JSON.stringify(fields).slice(0, -1))
    this.#open = source.path
    this.#openOffset = offset
  }

  /** Where the url ends that is to be copied; -1 where this event cannot be copied as it is. */
  #endOfCopiedUrl(view: EventView): number {
    const { bytes, start, end } = view
    const lineEnd = end[Field.timeTaken]
    const { query } = this.#redaction.settings
    const input = this.#inputOf(bytes)
    if (view.uncertain.length > 0 || lineEnd + 4 > bytes.length) return -1
    if (!isPlain(input, start[Field.timestamp], lineEnd)) return -1
    if (!this.#isHarmless(view, Field.errorMessage)) return -1
    if (query !== 'show') {
      const hostStart = start[Field.host]
      const hostEnd = end[Field.host]
      if (endOfPlainPath(bytes, hostStart, hostEnd) !== hostEnd || holdsKey(view, hostStart, hostEnd)) return -1
    }
    if (!saysOwnWords(view) && !this.#isHarmless(view, Field.message)) return -1
    if (query === 'show') return end[Field.url]
    const urlEnd = endOfPlainPath(bytes, start[Field.url], end[Field.url])
    if (urlEnd < 0 || (query === 'mask' && urlEnd < end[Field.url])) return -1
    return holdsKey(view, start[Field.url], urlEnd) ? -1 : urlEnd
  }

  #isHarmless(view: EventView, field: number): boolean {
    if (view.isEmpty(field)) return true
    const text = view.text(field)
    return this.#redaction.text(text, view.text(Field.clientId)) === text
  }

  #copyEvent({ bytes, start, end, source, offset }: EventView, urlEnd: number): void {
    const out = this.#out
    const input = this.#input
    const urlFieldEnd = end[Field.url]
    out.reserve(end[Field.timeTaken] - start[Field.timestamp])
    this.#openAt = out.length
    end[Field.url] = urlEnd
    out.fields(NAMES, input, start, end, Field.timestamp, Field.clientIp)
    end[Field.url] = urlFieldEnd
    out.raw(NAMES[Field.clientId])
    out.raw(this.#clientKey(bytes, start[Field.clientId], end[Field.clientId]))
    out.fields(NAMES, input, start, end, Field.correlationId, Field.method)
    out.raw(NAMES[Field.status])
    out.number(input, start[Field.status], end[Field.status])
    out.fields(NAMES, input, start, end, Field.errorMessage, Field.errorCode)
    out.raw(NAMES[Field.timeTaken])
    out.number(input, start[Field.timeTaken], end[Field.timeTaken])
    this.#open = source.path
    this.#openOffset = offset
  }

  #clientKey(bytes: Uint8Array, start: number, end: number): Constant {
    if (start === end) return NULL
    const known = this.#keys.get(bytes, start, end)
    if (known !== undefined) return known
    const key = constant(JSON.stringify(this.#redaction.clientKey(decode(bytes, start, end))))
    this.#keys.add(bytes, start, end, key)
    return key
  }

  #eventEntry(view: EventView): Opened<EventEntry> {
    const clientId = view.text(Field.clientId)
    const redaction = this.#redaction
    return {
      kind: 'event',
      timestamp: view.text(Field.timestamp) ?? '',
      level: view.text(Field.level) ?? '',
      host: redaction.host(view.text(Field.host), clientId),
      pid: view.text(Field.pid),
      org: view.text(Field.org),
      env: view.text(Field.env),
      url: redaction.urlField(view.text(Field.url), clientId),
      clientIp: view.text(Field.clientIp),
      clientId: redaction.clientKey(clientId),
      correlationId: view.text(Field.correlationId),
      component: view.text(Field.component),
      message: saysOwnWords(view) ? view.text(Field.message) : redaction.text(view.text(Field.message), clientId),
      method: view.text(Field.method),
      status: view.number(Field.status),
      errorMessage: redaction.text(view.text(Field.errorMessage), clientId),
      errorCode: view.text(Field.errorCode),
      timeTakenMs: view.number(Field.timeTaken),
      ...(view.uncertain.length > 0 && { uncertain: view.uncertain }),
    }
  }

  #inputOf(bytes: Uint8Array): DataView {
    if (bytes !== this.#inputBytes) {
      this.#inputBytes = bytes
      this.#input = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    return this.#input
  }
}

/** The message is one of those that the gateway has for requests: no secret can stand in it. */
const saysOwnWords = ({ role }: EventView): boolean => role !== Role.other && role !== Role.client

/** An entry without what only its end can tell. */
type Opened<Entry extends { readonly continuation: unknown; readonly position: unknown }> = Omit<
  Entry,
  'continuation' | 'position'
>

/** Name of each field of an event in JSON, in the order of `Field`. */
const NAMES = [
  '{"kind":"event","timestamp":',
  ',"level":',
  ',"host":',
  ',"pid":',
  ',"org":',
  ',"env":',
  ',"url":',
  ',"clientIp":',
  ',"clientId":',
  ',"correlationId":',
  ',"component":',
  ',"message":',
  ',"method":',
  ',"status":',
  ',"errorMessage":',
  ',"errorCode":',
  ',"timeTakenMs":',
].map(constant)
const NULL = constant('null')
const CONTINUATION_NULL = constant(',"continuation":null,"position":')
const POSITION = constant(',"position":')
const ENTRY_END = constant('}}\n')
const TIMESTAMP_LENGTH = 24

const timestampOf = ({ bytes, lineStart }: TextView): string => decode(bytes, lineStart, lineStart + TIMESTAMP_LENGTH)
const textOf = ({ bytes, textStart, lineEnd }: TextView): string => decode(bytes, textStart, lineEnd)

/**
 * Where the path ends: at `?` or at `to`. -1 where a byte may belong to a secret (`@`, `=`, `#`, `%3…`) or to a token
 * (`eyJ`), so that the slow way must look at it.
 */
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

/** True where the bytes hold the request's own API key. */
function holdsKey({ bytes, start, end }: EventView, from: number, to: number): boolean {
  const keyStart = start[Field.clientId]
  const length = end[Field.clientId] - keyStart
  if (length < MIN_KEY_LENGTH) return false
  const first = bytes[keyStart]
  for (let i = from; i <= to - length; i++) {
    if (bytes[i] !== first) continue
    let at = 1
    while (at < length && bytes[i + at] === bytes[keyStart + at]) at++
    if (at === length) return true
  }
  return false
}

/** A shorter one is not looked for in other texts: it would be found in every one. */
const MIN_KEY_LENGTH = 4
