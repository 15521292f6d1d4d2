import { ByteMap } from './byte-map.js'
import type { EventField, LineSource } from './records.js'

/** Index of each field of an event in `EventView.start` and `.end`; the order of `EVENT_FIELDS`. */
export const Field = {
  timestamp: 0,
  level: 1,
  host: 2,
  pid: 3,
  org: 4,
  env: 5,
  url: 6,
  clientIp: 7,
  clientId: 8,
  correlationId: 9,
  component: 10,
  message: 11,
  method: 12,
  status: 13,
  errorMessage: 14,
  errorCode: 15,
  timeTaken: 16,
} as const

export const FIELD_COUNT = 17

/**
 * What an event means to us, told by component and message, never by level or host (microgateway-core,
 * lib/plugins-middleware.js and lib/errors-middleware.js).
 */
export const Role = {
  other: 0,
  sourceRequest: 1,
  targetRequest: 2,
  targetResponse: 3,
  targetResponseClose: 4,
  sourceResponse: 5,
  targetRequestError: 6,
  targetResponseError: 7,
  targetResponseAborted: 8,
  client: 9,
  clientAborted: 10,
} as const

export type Role = (typeof Role)[keyof typeof Role]

const MAX_KNOWN_TEXTS = 4_096
const MAX_KNOWN_LENGTH = 256

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * One event line as byte bounds, so that a million lines a second make no garbage. The parser owns and reuses it: it
 * is valid inside the handler's call only. Invalid UTF-8 reads as U+FFFD.
 */
export class EventView {
  bytes: Uint8Array = new Uint8Array(0)
  /** Field `f` is `bytes[start[f]] … bytes[end[f] - 1]`. */
  readonly start = new Int32Array(FIELD_COUNT)
  readonly end = new Int32Array(FIELD_COUNT)
  source: LineSource = { path: '', partition: '', gateway: null }
  /** Byte offset of the line in its source. */
  offset = 0
  timeMs = 0
  role: Role = Role.other
  readonly #texts = new ByteMap<string>({ maxSize: MAX_KNOWN_TEXTS })
  /** Fields that an attacker's text left open. */
  uncertain: readonly EventField[] = []

  isEmpty(field: number): boolean {
    return this.start[field] === this.end[field]
  }

  text(field: number): string | null {
    const start = this.start[field]
    const end = this.end[field]
    return start === end ? null : decode(this.bytes, start, end)
  }

  /** The same for fields of few values (host, level, error code …): equal texts are one string, found without making it. */
  knownText(field: number): string | null {
    const start = this.start[field]
    const end = this.end[field]
    if (start === end) return null
    const known = this.#texts.get(this.bytes, start, end)
    if (known !== undefined) return known
    const text = decode(this.bytes, start, end)
    if (end - start <= MAX_KNOWN_LENGTH) this.#texts.add(this.bytes, start, end, text)
    return text
  }

  number(field: number): number | null {
    const start = this.start[field]
    const end = this.end[field]
    if (start === end) return null
    let value = 0
    for (let i = start; i < end; i++) {
      const digit = this.bytes[i] - 0x30
      // A sign, or more digits than a double holds exactly.
      if (digit < 0 || digit > 9 || i - start > 14) return Number(this.text(field))
      value = value * 10 + digit
    }
    return value
  }
}

/** Text of `bytes[start … end - 1]`; invalid UTF-8 reads as U+FFFD. */
export function decode(bytes: Uint8Array, start: number, end: number): string {
  for (let i = start; i < end; i++) if (bytes[i] > 0x7f) return utf8.decode(bytes.subarray(start, end))
  return latin1Slice.call(bytes, start, end)
}

/** Node's own and by far the fastest way from ASCII bytes to a string; takes any `Uint8Array`. */
const latin1Slice: (this: Uint8Array, start: number, end: number) => string = Buffer.prototype.latin1Slice
