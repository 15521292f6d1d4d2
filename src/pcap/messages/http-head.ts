import type { MessageHead } from './message-reader.js'

export interface HttpHead extends MessageHead {
  /** Of a body whose framing is `length`. */
  readonly length: number
}

/** Reads the head of a request; `text` ends with the empty line, each character a byte. Null where it is none. */
export function readRequestHead(text: string): HttpHead | null {
  const line = REQUEST_LINE.exec(text)
  if (line === null) return null
  const [, method, target, version] = line
  const { length, isChunked, connection, host, correlationId } = readFields(text)
  return {
    method,
    target,
    host,
    correlationId,
    status: null,
    framing: isChunked ? 'chunked' : length > 0 ? 'length' : 'none',
    length,
    announcesClose: announcesClose(connection, version),
  }
}

/** Reads the head of a response to a request of the given method. Null where it is none. */
export function readResponseHead(text: string, requestMethod: string | null): HttpHead | null {
  const line = STATUS_LINE.exec(text)
  if (line === null) return null
  const [, version, digits] = line
  const status = Number(digits)
  const { length, isChunked, connection } = readFields(text)
  const hasNoBody = requestMethod === 'HEAD' || status === 204 || status === 304 || (status < 200 && status !== 101)
  const framing = isChunked ? 'chunked' : length < 0 || status === 101 ? 'connection' : length > 0 ? 'length' : 'none'
  return {
    ...NOT_ASKED,
    status,
    framing: hasNoBody ? 'none' : framing,
    length,
    announcesClose: announcesClose(connection, version),
  }
}

/** What responses do not tell. */
export const NOT_ASKED = { method: null, target: null, host: null, correlationId: null } as const

/** What of a request's head was captured before a cut, besides its method. */
export interface CutRequest {
  readonly method: string
  /** Null where it is not whole. */
  readonly target: string | null
  /** The first characters of the path, where it is not whole. */
  readonly pathStart: string | null
  readonly host: string | null
  readonly correlationId: string | null
}

/** Reads a request that was cut before the end of its head; null where not even its method is whole. */
export function readCutRequest(text: string): CutRequest | null {
  const [, method, rest] = /^([A-Z]{3,16}) ([^\r\n]*)/.exec(text) ?? []
  if (method === undefined) return null
  const target = REQUEST_LINE.exec(text)?.[2] ?? null
  const pathStart = target === null ? (/^[^ ?#]*/.exec(rest)?.[0] ?? '') : ''
  const { host, correlationId } = readFields(text)
  return { method, target, pathStart: pathStart === '' ? null : pathStart, host, correlationId }
}

/** Whether these characters, from anywhere in what a client sends, are surely where a request begins. */
export const isRequestStart = (start: string): boolean => /^[A-Z]{3,16} (?:\/|https?:)/.test(start)

/** Whether a message that begins with these characters may be a request. */
export const mayBeRequest = (start: string): boolean => /^[A-Z]{1,16}(?: |$)/.test(start)

/** Whether a message that begins with these characters may be a response. */
export const mayBeResponse = (start: string): boolean =>
  start.length >= 5 ? start.startsWith('HTTP/') : 'HTTP/'.startsWith(start)

const REQUEST_LINE = /^([A-Z][A-Z-]{0,31}) (\S{1,8192}) HTTP\/(\d\.\d)\r\n/
const STATUS_LINE = /^HTTP\/(\d\.\d) (\d{3})(?: [^\r\n]*)?\r\n/

interface Fields {
  /** -1 where there is none. */
  readonly length: number
  readonly isChunked: boolean
  /** Of `Connection`, in lower case. */
  readonly connection: string
  readonly host: string | null
  /** The gateway ends `X-Request-Id` with it (microgateway-core, lib/config-proxy-middleware.js). */
  readonly correlationId: string | null
}

/** The fields that decide where a message and its connection end, and those that name a request, in one pass over the lines. */
function readFields(text: string): Fields {
  let length = -1
  let isChunked = false
  let connection = ''
  let host: string | null = null
  let correlationId: string | null = null
  let at = text.indexOf('\r\n') + 2
  for (let end = text.indexOf('\r\n', at); end > at; end = text.indexOf('\r\n', at)) {
    const first = text.charCodeAt(at) | 0x20
    const isRead = first === LETTER_X ? end - at > REQUEST_ID_BYTES : LETTERS.has(first)
    if (isRead) {
      const colon = text.indexOf(':', at)
      const name = colon > 0 && colon < end ? text.slice(at, colon).toLowerCase() : ''
      const value = name === '' ? '' : text.slice(colon + 1, end).trim()
      if (name === 'content-length' && /^\d{1,15}$/.test(value)) length = Number(value)
      else if (name === 'transfer-encoding') isChunked = /\bchunked$/i.test(value)
      else if (name === 'connection') connection = value.toLowerCase()
      else if (name === 'host') host = value
      else if (name === 'x-request-id') correlationId = CORRELATION_ID.exec(value)?.[1] ?? null
    }
    at = end + 2
  }
  return { length, isChunked, connection, host, correlationId }
}

/** First letters of the names that are read, in lower case. */
const LETTERS: ReadonlySet<number> = new Set([0x63, 0x74, 0x68])
const LETTER_X = 0x78
/** `X-Request-Id:` and a UUID. */
const REQUEST_ID_BYTES = 13 + 36
const CORRELATION_ID = /(?:^|[^0-9a-z])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

function announcesClose(connection: string, version: string): boolean {
  return version === '1.0' ? !connection.includes('keep-alive') : connection.includes('close')
}
