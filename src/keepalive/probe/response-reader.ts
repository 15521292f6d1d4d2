import { ChunkedBody } from './chunked-body.js'

/** What the probe needs of an answer's head. */
export interface ResponseHead {
  readonly status: number
  /** Whether the connection may carry another request (RFC 9112, 9.3), by the head and by how the body ends. */
  readonly keepsAlive: boolean
  /** Text of the `Keep-Alive` header; null where there is none. */
  readonly keepAlive: string | null
}

export type ReadState =
  | { readonly kind: 'incomplete' }
  /** `rest`: bytes behind the answer's end that came with it. */
  | { readonly kind: 'complete'; readonly head: ResponseHead; readonly rest: Buffer }
  | { readonly kind: 'not_http'; readonly reason: string }

/**
 * Reads one answer to a HEAD or GET from the bytes of a connection, whatever their cuts (RFC 9112). Interim answers
 * (1xx) are skipped. Holds at most `MAX_HEAD_BYTES` of a head and nothing of a body.
 */
export class ResponseReader {
  #pending: Buffer = Buffer.alloc(0)
  #head: ResponseHead | null = null
  #body: Body | null = null

  constructor(private readonly method: 'HEAD' | 'GET') {}

  feed(bytes: Buffer): ReadState {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    while (this.#head === null) {
      const head = takeHead(this.#pending)
      if (head === null) return { kind: 'incomplete' }
      if ('reason' in head) return { kind: 'not_http', reason: head.reason }
      this.#pending = this.#pending.subarray(head.length)
      if (head.status >= 100 && head.status < 200) continue
      const body = bodyOf(this.method, head)
      if (body === null) return { kind: 'not_http', reason: 'its length cannot be told' }
      this.#body = body
      const keepsAlive = keepsConnection(head) && !(body instanceof BodyUntilClose)
      this.#head = { status: head.status, keepsAlive, keepAlive: head.fields.get('keep-alive') ?? null }
    }
    return this.#readBody(this.#head)
  }

  /** What the answer is where the connection ends now: an answer without a length ends so. */
  end(): ReadState {
    if (this.#head === null || !(this.#body instanceof BodyUntilClose)) return { kind: 'incomplete' }
    return { kind: 'complete', head: this.#head, rest: Buffer.alloc(0) }
  }

  #readBody(head: ResponseHead): ReadState {
    const rest = this.#body?.take(this.#pending) ?? null
    this.#pending = Buffer.alloc(0)
    if (rest === 'broken') return { kind: 'not_http', reason: 'a chunk without a size' }
    return rest === null ? { kind: 'incomplete' } : { kind: 'complete', head, rest }
  }
}

/** Takes bytes until the body is whole, then gives back what lies behind it; null while there is more to come. */
interface Body {
  take(bytes: Buffer): Buffer | 'broken' | null
}

class BodyOfLength implements Body {
  constructor(private left: number) {}

  take(bytes: Buffer): Buffer | null {
    const taken = Math.min(this.left, bytes.length)
    this.left -= taken
    return this.left === 0 ? bytes.subarray(taken) : null
  }
}

class BodyUntilClose implements Body {
  take(): null {
    return null
  }
}

interface Head {
  /** Bytes, the empty line included. */
  readonly length: number
  readonly status: number
  readonly isHttp10: boolean
  /** Names in lower case; several fields of one name joined by commas. */
  readonly fields: ReadonlyMap<string, string>
}

const MAX_HEAD_BYTES = 65_536
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/

function takeHead(bytes: Buffer): Head | { readonly reason: string } | null {
  const start = bytes.subarray(0, 5).toString('latin1')
  if (!'HTTP/'.startsWith(start)) return { reason: 'it does not begin with HTTP/' }
  const end = bytes.indexOf('\r\n\r\n')
  if (end > MAX_HEAD_BYTES || (end === -1 && bytes.length > MAX_HEAD_BYTES)) {
    return { reason: `its headers have more than ${MAX_HEAD_BYTES} bytes` }
  }
  if (end === -1) return null
  const [statusLine, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const status = STATUS_LINE.exec(statusLine)
  if (status === null) return { reason: 'its first line is no status line of HTTP/1.0 or 1.1' }
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return { reason: 'a header without a name' }
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return { length: end + 4, status: Number(status[2]), isHttp10: status[1] === '0', fields }
}

/** RFC 9112, 6.3; null where the length is no number. */
function bodyOf(method: 'HEAD' | 'GET', { status, fields }: Head): Body | null {
  if (method === 'HEAD' || status === 204 || status === 304) return new BodyOfLength(0)
  const coding = fields.get('transfer-encoding')
  if (coding !== undefined) return /(?:^|,)\s*chunked$/i.test(coding) ? new ChunkedBody() : new BodyUntilClose()
  const length = fields.get('content-length')
  if (length === undefined) return new BodyUntilClose()
  return /^\d{1,15}$/.test(length) ? new BodyOfLength(Number(length)) : null
}

function keepsConnection({ isHttp10, fields }: Head): boolean {
  const words = (fields.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((word) => word.trim())
  if (words.includes('close')) return false
  return !isHttp10 || words.includes('keep-alive')
}
