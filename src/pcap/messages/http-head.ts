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
  const length = contentLength(text)
  const isChunked = CHUNKED.test(text)
  return {
    method,
    target,
    status: null,
    framing: isChunked ? 'chunked' : length > 0 ? 'length' : 'none',
    length,
    announcesClose: announcesClose(text, version),
  }
}

/** Reads the head of a response to a request of the given method. Null where it is none. */
export function readResponseHead(text: string, requestMethod: string | null): HttpHead | null {
  const line = STATUS_LINE.exec(text)
  if (line === null) return null
  const [, version, digits] = line
  const status = Number(digits)
  const length = contentLength(text)
  const hasNoBody = requestMethod === 'HEAD' || status === 204 || status === 304 || (status < 200 && status !== 101)
  const framing = CHUNKED.test(text)
    ? 'chunked'
    : length < 0 || status === 101
      ? 'connection'
      : length > 0
        ? 'length'
        : 'none'
  return {
    method: null,
    target: null,
    status,
    framing: hasNoBody ? 'none' : framing,
    length,
    announcesClose: announcesClose(text, version),
  }
}

/** The method where a request was cut before the end of its head; null where not even that is whole. */
export const cutMethod = (text: string): string | null => /^([A-Z]{3,16}) /.exec(text)?.[1] ?? null

/** Whether these characters, from anywhere in what a client sends, are surely where a request begins. */
export const isRequestStart = (start: string): boolean => /^[A-Z]{3,16} (?:\/|https?:)/.test(start)

/** Whether a message that begins with these characters may be a request. */
export const mayBeRequest = (start: string): boolean => /^[A-Z]{1,16}(?: |$)/.test(start)

/** Whether a message that begins with these characters may be a response. */
export const mayBeResponse = (start: string): boolean =>
  start.length >= 5 ? start.startsWith('HTTP/') : 'HTTP/'.startsWith(start)

const REQUEST_LINE = /^([A-Z][A-Z-]{0,31}) (\S{1,8192}) HTTP\/(\d\.\d)\r\n/
const STATUS_LINE = /^HTTP\/(\d\.\d) (\d{3})(?: [^\r\n]*)?\r\n/
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n/i
const CHUNKED = /\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*\r\n/i
const CONNECTION = /\r\nconnection:([^\r\n]*)\r\n/i

/** -1 where there is none. */
function contentLength(text: string): number {
  const found = CONTENT_LENGTH.exec(text)
  return found === null ? -1 : Number(found[1])
}

function announcesClose(text: string, version: string): boolean {
  const connection = CONNECTION.exec(text)?.[1].toLowerCase() ?? ''
  return version === '1.0' ? !connection.includes('keep-alive') : connection.includes('close')
}
