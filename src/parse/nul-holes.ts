import { isDigit, OPEN_BRACE } from './bytes.js'

/** So many NUL bytes are no text that somebody wrote, whatever stands behind them. */
const LEAST_HOLE_BYTES = 16

const indexOfByte: (this: Uint8Array, byte: number, from: number) => number = Buffer.prototype.indexOf

/** Where the next NUL byte is; past the end where there is none. Looks at a block as fast as it can be read. */
export function nextNul(bytes: Uint8Array, from: number): number {
  const index = from < bytes.length ? indexOfByte.call(bytes, 0, from) : -1
  return index < 0 ? Number.POSITIVE_INFINITY : index
}

/** Bounds of NUL bytes that stand where something else should. */
export interface Hole {
  readonly start: number
  readonly end: number
}

/**
 * The first hole in a line from `from` on: what a crash leaves of a block that was never written, or a truncation before a writer
 * that goes on where it was. It is at the line's begin or end, or a record begins behind it, or it is long. What stands
 * before and behind it are two lines, each of them perhaps torn. Null where there is none.
 */
export function nextHole(bytes: Uint8Array, line: Hole, from: number): Hole | null {
  for (let start = nextNul(bytes, from); start < line.end; ) {
    let end = start + 1
    while (end < line.end && bytes[end] === 0) end++
    const isAtEdge = start === line.start || end === line.end
    if (isAtEdge || end - start >= LEAST_HOLE_BYTES || mayBeginRecord(bytes, end)) return { start, end }
    start = nextNul(bytes, end)
  }
  return null
}

/** A timestamp, or the envelope of a container's line. */
function mayBeginRecord(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] === OPEN_BRACE) return bytes[at + 1] === QUOTE
  return isDigit(bytes[at]) && bytes[at + 4] === DASH && bytes[at + 10] === CAPITAL_T
}

const QUOTE = 0x22
const DASH = 0x2d
const CAPITAL_T = 0x54
