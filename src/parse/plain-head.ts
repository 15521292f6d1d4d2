import { decode } from '../event-view.js'
import { CLOSE, isDigit, OPEN, SPACE } from './bytes.js'

/** What stands between the time and the text of a line that is no event. */
export interface Head {
  readonly level: string | null
  readonly pid: string | null
  readonly textStart: number
}

/** `level pid text`, or `[pid] text` as the console lines begin; null where it is neither. */
export function readHead(bytes: Uint8Array, start: number, end: number): Head | null {
  if (bytes[start] === OPEN) {
    let close = start
    while (close < end && bytes[close] !== CLOSE) close++
    if (close === end) return null
    return { level: null, pid: decode(bytes, start + 1, close), textStart: Math.min(end, close + 2) }
  }
  const levelEnd = endOfToken(bytes, start, end)
  const level = levelEnd - start > 5 ? '' : decode(bytes, start, levelEnd)
  if (!PLAIN_LEVELS.has(level)) return null
  const pidStart = Math.min(end, levelEnd + 1)
  const pidEnd = endOfToken(bytes, pidStart, end)
  let isPid = pidEnd > pidStart
  for (let i = pidStart; i < pidEnd; i++) if (!isDigit(bytes[i])) isPid = false
  if (!isPid) return level === 'stats' ? null : { level, pid: null, textStart: pidStart }
  return { level, pid: decode(bytes, pidStart, pidEnd), textStart: Math.min(end, pidEnd + 1) }
}

const PLAIN_LEVELS = new Set(['info', 'warn', 'error', 'debug', 'trace', 'stats'])

function endOfToken(bytes: Uint8Array, start: number, end: number): number {
  let i = start
  while (i < end && bytes[i] !== SPACE) i++
  return i
}
