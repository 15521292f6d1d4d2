import { copyBytes } from '../byte-map.js'
import { SPACE } from './bytes.js'

/** A line out of a container log: what the container wrote, and whether it goes on in the next entry of its stream. */
export interface Unwrapped {
  readonly bytes: Uint8Array
  readonly stream: string
  readonly partial: boolean
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')

/**
 * Docker's json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`; a log text without `\n` at its end was cut
 * at 16 KiB. Null where the line is something else.
 */
export function unwrapDocker(bytes: Uint8Array, start: number, end: number): Unwrapped | null {
  let entry: unknown
  try {
    entry = JSON.parse(decoder.decode(bytes.subarray(start, end)))
  } catch {
    return null
  }
  if (typeof entry !== 'object' || entry === null || !('log' in entry) || typeof entry.log !== 'string') return null
  const stream = 'stream' in entry && typeof entry.stream === 'string' ? entry.stream : 'stdout'
  const partial = !entry.log.endsWith('\n')
  return { bytes: encoder.encode(partial ? entry.log : entry.log.slice(0, -1)), stream, partial }
}

/**
 * Kubernetes' CRI format: `2026-11-23T02:41:07.896123456Z stdout F text`; tag `P` means that the text goes on. Null
 * where the line is something else.
 */
export function unwrapCri(bytes: Uint8Array, start: number, end: number): Unwrapped | null {
  const streamStart = indexOfBlank(bytes, start, Math.min(end, start + 40)) + 1
  if (streamStart === 0) return null
  const stream = STREAMS.find((name) => startsWith(bytes, streamStart, end, name))
  if (stream === undefined) return null
  const tagStart = streamStart + stream.length
  const tag = bytes[tagStart]
  const isTag = tag === PARTIAL || tag === FULL
  const textStart = indexOfBlank(bytes, tagStart, Math.min(end, tagStart + 64)) + 1
  // The text of a blank line may have lost its blank.
  if (!isTag || (textStart === 0 && end !== tagStart + 1)) return null
  return {
    bytes: copyBytes(bytes, textStart === 0 ? end : textStart, end),
    stream: stream.trim(),
    partial: tag === PARTIAL,
  }
}

const STREAMS = ['stdout ', 'stderr ']
const PARTIAL = 0x50
const FULL = 0x46

function indexOfBlank(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) if (bytes[i] === SPACE) return i
  return -1
}

function startsWith(bytes: Uint8Array, from: number, end: number, text: string): boolean {
  if (end - from < text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}
