import { pattern } from '../words.js'
import { NEWLINE, OPEN_BRACE, SPACE } from './bytes.js'
import { unescapeJson } from './unescape-json.js'

/** A line out of a container log: what the container wrote, and whether it goes on in the next entry of its stream. */
export interface Unwrapped {
  /** The block itself where nothing in it is escaped, else a buffer that the next line is written over. */
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly stream: 'stdout' | 'stderr'
  readonly partial: boolean
}

/**
 * Docker's json-file driver: `{"log":"…\n","stream":"stdout","time":"…"}`; a log text without `\n` at its end was cut
 * at 16 KiB. Null where the line is something else.
 */
export function unwrapDocker(bytes: Uint8Array, start: number, end: number): Unwrapped | null {
  if (!LOG_FIRST.begins(bytes, start, end) || bytes[end - 1] !== CLOSE_BRACE) return parseDocker(bytes, start, end)
  const textStart = start + LOG_FIRST.bytes.length
  const textEnd = endOfPlainText(bytes, textStart, end)
  const isWhole = bytes[textEnd] === BACKSLASH && bytes[textEnd + 1] === LETTER_N && bytes[textEnd + 2] === QUOTE
  if (isWhole || bytes[textEnd] === QUOTE) {
    const stream = streamBehind(bytes, textEnd + (isWhole ? 2 : 0), end)
    if (stream !== null) return { bytes, start: textStart, end: textEnd, stream, partial: !isWhole }
  }
  return unescapeDocker(bytes, textStart, end) ?? parseDocker(bytes, start, end)
}

/**
 * Kubernetes' CRI format: `2026-11-23T02:41:07.896123456Z stdout F text`; tag `P` means that the text goes on. Null
 * where the line is something else.
 */
export function unwrapCri(bytes: Uint8Array, start: number, end: number): Unwrapped | null {
  const streamStart = indexOfBlank(bytes, start, Math.min(end, start + 40)) + 1
  if (streamStart === 0) return null
  const stream = STREAMS.find(({ cri }) => cri.begins(bytes, streamStart, end))
  if (stream === undefined) return null
  const tagStart = streamStart + stream.cri.bytes.length
  const tag = bytes[tagStart]
  const isTag = tag === PARTIAL || tag === FULL
  const textStart = indexOfBlank(bytes, tagStart, Math.min(end, tagStart + 64)) + 1
  // The text of a blank line may have lost its blank.
  if (!isTag || (textStart === 0 && end !== tagStart + 1)) return null
  return { bytes, start: textStart === 0 ? end : textStart, end, stream: stream.name, partial: tag === PARTIAL }
}

const LOG_FIRST = pattern('{"log":"')
const STREAMS = (['stdout', 'stderr'] as const).map((name) => ({
  name,
  cri: pattern(`${name} `),
  docker: pattern(`","stream":"${name}"`),
}))
const PARTIAL = 0x50
const FULL = 0x46
const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_N = 0x6e
const CLOSE_BRACE = 0x7d

const decoder = new TextDecoder('utf-8')
const encoder = new TextEncoder()

/** Up to the first byte that ends the text, begins an escape or may not stand in JSON. */
function endOfPlainText(bytes: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] >= SPACE && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i++
  return i
}

/** The stream that the driver names behind a text which ends with the quote at `at`. */
function streamBehind(bytes: Uint8Array, at: number, end: number): Unwrapped['stream'] | null {
  return STREAMS.find(({ docker }) => docker.begins(bytes, at, end))?.name ?? null
}

function unescapeDocker(bytes: Uint8Array, textStart: number, end: number): Unwrapped | null {
  const text = unescapeJson(bytes, textStart, end)
  if (text === null) return null
  const stream = streamBehind(bytes, text.behind, end)
  if (stream === null) return null
  const { length } = text
  const partial = length === 0 || text.bytes[length - 1] !== NEWLINE
  return { bytes: text.bytes, start: 0, end: partial ? length : length - 1, stream, partial }
}

/** What other programs than Docker write of the same form: in another order, with blanks, without a stream. */
function parseDocker(bytes: Uint8Array, start: number, end: number): Unwrapped | null {
  if (bytes[start] !== OPEN_BRACE) return null
  let entry: unknown
  try {
    entry = JSON.parse(decoder.decode(bytes.subarray(start, end)))
  } catch {
    return null
  }
  if (typeof entry !== 'object' || entry === null || !('log' in entry) || typeof entry.log !== 'string') return null
  const stream = 'stream' in entry && entry.stream === 'stderr' ? 'stderr' : 'stdout'
  const partial = !entry.log.endsWith('\n')
  const text = encoder.encode(partial ? entry.log : entry.log.slice(0, -1))
  return { bytes: text, start: 0, end: text.length, stream, partial }
}

function indexOfBlank(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) if (bytes[i] === SPACE) return i
  return -1
}
