import type { MessageHead } from './message-reader.js'

export interface HttpHead extends MessageHead {
  /** Of a body whose framing is `length`. */
  readonly length: number
}

/** Reads the head of a request; `text` ends with the empty line, each character a byte. Null where it is none. */
export function readRequestHead(text: string): HttpHead | null {
  const line = requestLineOf(text)
  if (line === null) return null
  const { length, isChunked, host, correlationId } = readFields(text)
  return {
    method: line.method,
    target: line.target,
    host,
    correlationId,
    status: null,
    framing: isChunked ? 'chunked' : length > 0 ? 'length' : 'none',
    length,
    announcesClose: announcesClose(text.startsWith('1.0', line.end - 3)),
  }
}

/** Reads the head of a response to a request of the given method. Null where it is none. */
export function readResponseHead(text: string, requestMethod: string | null): HttpHead | null {
  const status = statusOf(text)
  if (status < 0) return null
  const { length, isChunked } = readFields(text)
  const hasNoBody = requestMethod === 'HEAD' || status === 204 || status === 304 || (status < 200 && status !== 101)
  const framing = isChunked ? 'chunked' : length < 0 || status === 101 ? 'connection' : length > 0 ? 'length' : 'none'
  return {
    method: null,
    target: null,
    host: null,
    correlationId: null,
    status,
    framing: hasNoBody ? 'none' : framing,
    length,
    announcesClose: announcesClose(text.startsWith('1.0', 5)),
  }
}

interface RequestLine {
  readonly method: string
  readonly target: string
  /** Where its line break begins. */
  readonly end: number
}

/** Of `GET /path HTTP/1.1` and the line break behind it; null where the text begins with something else. */
function requestLineOf(text: string): RequestLine | null {
  const end = text.indexOf('\r\n')
  const behindMethod = text.indexOf(' ')
  const behindTarget = end - HTTP_VERSION_LENGTH
  if (behindMethod < 1 || behindTarget <= behindMethod || !text.startsWith(' HTTP/', behindTarget)) return null
  const method = text.slice(0, behindMethod)
  const target = text.slice(behindMethod + 1, behindTarget)
  const isVersion = isDigit(text, end - 3) && text[end - 2] === '.' && isDigit(text, end - 1)
  if (!isVersion || target.length > MAX_TARGET_LENGTH || !METHOD.test(method) || !/^\S+$/.test(target)) return null
  return { method, target, end }
}

const METHOD = /^[A-Z][A-Z-]{0,31}$/
/** ` HTTP/1.1` */
const HTTP_VERSION_LENGTH = 9
const MAX_TARGET_LENGTH = 8_192

/** Of `HTTP/1.1 200 OK` and the line break behind it; -1 where the text begins with something else. */
function statusOf(text: string): number {
  const isVersion = text.startsWith('HTTP/') && isDigit(text, 5) && text[6] === '.' && isDigit(text, 7)
  if (!isVersion || text[8] !== ' ' || !isDigit(text, 9) || !isDigit(text, 10) || !isDigit(text, 11)) return -1
  const isEnded =
    text[12] === ' ' ? text.indexOf('\n', 12) === text.indexOf('\r\n', 12) + 1 : text.startsWith('\r\n', 12)
  return isEnded ? Number(text.slice(9, 12)) : -1
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= DIGIT_0 && code <= DIGIT_9
}

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

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
  const target = requestLineOf(text)?.target ?? null
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

interface Fields {
  /** -1 where there is none. */
  length: number
  isChunked: boolean
  closes: boolean
  keepsAlive: boolean
  host: string | null
  /** The gateway ends `X-Request-Id` with it (microgateway-core, lib/config-proxy-middleware.js). Any text of its length. */
  correlationId: string | null
}

/** Of the head that was read last: there are as many as packets. */
const fields: Fields = {
  length: -1,
  isChunked: false,
  closes: false,
  keepsAlive: false,
  host: null,
  correlationId: null,
}

/** The fields that decide where a message and its connection end, and those that name a request, in one pass over the lines. */
function readFields(text: string): Readonly<Fields> {
  fields.length = -1
  fields.isChunked = false
  fields.closes = false
  fields.keepsAlive = false
  fields.host = null
  fields.correlationId = null
  let at = text.indexOf('\r\n') + 2
  for (let end = text.indexOf('\r\n', at); end > at; end = text.indexOf('\r\n', at)) {
    const first = text.charCodeAt(at) | 0x20
    if (first === LETTER_C)
      readField(text, at, end, text.charCodeAt(at + 10) === COLON ? 'connection' : 'content-length')
    else if (first === LETTER_T) readField(text, at, end, 'transfer-encoding')
    else if (first === LETTER_H) readField(text, at, end, 'host')
    else if (first === LETTER_X && end - at > REQUEST_ID_BYTES) readField(text, at, end, 'x-request-id')
    at = end + 2
  }
  return fields
}

/** A line that may be the field of this name. */
function readField(text: string, at: number, end: number, name: string): void {
  const colon = at + name.length
  if (text.charCodeAt(colon) !== COLON || text.slice(at, colon).toLowerCase() !== name) return
  const value = text.slice(colon + 1, end).trim()
  if (name === 'content-length') {
    if (/^\d{1,15}$/.test(value)) fields.length = Number(value)
  } else if (name === 'transfer-encoding') fields.isChunked = /\bchunked$/i.test(value)
  else if (name === 'host') fields.host = value
  else if (name === 'x-request-id') fields.correlationId = value.slice(-UUID_LENGTH)
  else {
    const lower = value.toLowerCase()
    fields.closes = lower.includes('close')
    fields.keepsAlive = lower.includes('keep-alive')
  }
}

const COLON = 0x3a
const LETTER_C = 0x63
const LETTER_H = 0x68
const LETTER_T = 0x74
const LETTER_X = 0x78
const UUID_LENGTH = 36
/** `X-Request-Id:` and a UUID. */
const REQUEST_ID_BYTES = 13 + UUID_LENGTH

/** By the fields that were read last. */
const announcesClose = (isVersion10: boolean): boolean => (isVersion10 ? !fields.keepsAlive : fields.closes)
