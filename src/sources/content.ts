const NEWLINE = 0x0a

/** How many bytes at the start of a file decide what it is. */
export const HEAD_BYTES = 4096

/** A line's time as the gateway writes it, also behind the head of a docker json-file envelope or a hole of NUL bytes. */
const LINE_TIMESTAMP = /(?:^|\0)(?:\{[^\n]*?")?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})/m

/** How a line of a gateway, of docker's json-file driver or of a CRI runtime begins. */
const LINE_START = /(?:^|\0)(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d|\{")/m

/** By the magic number (RFC 1952, 2.3.1): names lie. */
export function isGzip(head: Uint8Array): boolean {
  return head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b
}

/**
 * False for what cannot be a log: NUL bytes in the head and no line there that begins as a log line does. A head of nothing else is
 * the hole that a crash or a truncation has left.
 */
export function isLog(head: Uint8Array): boolean {
  return !head.includes(0) || LINE_START.test(textOf(head)) || head.every((byte) => byte === 0)
}

/** The first time that a line in `bytes` begins with, as text that sorts by time; null where none does. */
export function firstTimestamp(bytes: Uint8Array): string | null {
  const time = LINE_TIMESTAMP.exec(textOf(bytes))?.[1]
  // A match is a view that keeps the whole text; this one is kept for as long as its file.
  return time === undefined ? null : Buffer.from(time, 'latin1').toString('latin1')
}

/** Where the last whole line in `bytes` ends (behind its `\n`); 0 where there is no whole line. */
export function endOfWholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(NEWLINE) + 1
}

/** How many bytes a UTF-8 byte order mark takes at the start of `head`: 3 or 0. */
export function byteOrderMarkLength(head: Uint8Array): number {
  return head.length >= 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 0, HEAD_BYTES)
}
