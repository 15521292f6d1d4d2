import { copyBytes } from '../byte-map.js'
import { type EventView, Field } from '../event-view.js'
import type { RejectionReason } from '../records.js'
import { Pattern, wordsOf } from '../words.js'
import { CLOSE, isAddress, isDigits, isElapsed, isName, isUuid, isWord, nextClose, OPEN, SPACE } from './bytes.js'
import { isMiddleware } from './role.js'
import { Separators } from './separators.js'
import { type PartitionHints, splitHostile } from './split-hostile.js'
import { TIMESTAMP_LENGTH } from './timestamp.js'

/** Separators `][` of an event whose fields hold none themselves. */
const SEPARATOR_COUNT = 15

/** Reused from line to line; used only where the usual way ends. */
const separators = new Separators()

/**
 * Splits the event at `start` (`TS [level][host]…[timeTaken]`, without line end) into the view's 17 fields, and
 * returns null; or returns why it can not be done with certainty. Nothing in the log is escaped, so `][` may stand
 * inside url, Host, API key and messages: with exactly 15 separators there is one way to split, with more see
 * `splitHostile`. Linear in the line's length.
 */
export function splitEvent(
  view: EventView,
  bytes: Uint8Array,
  start: number,
  end: number,
  hints: PartitionHints,
): RejectionReason | null {
  view.bytes = bytes
  view.uncertain = NONE
  const levelStart = skipBlanks(bytes, start + TIMESTAMP_LENGTH, end) + 1
  const levelEnd = endOfLevel(bytes, levelStart, end)
  if (levelEnd < 0) return 'bad_level'
  if (bytes[end - 1] !== CLOSE) return 'unterminated'

  view.start[Field.timestamp] = start
  view.end[Field.timestamp] = start + TIMESTAMP_LENGTH
  view.start[Field.level] = levelStart
  view.end[Field.timeTaken] = end - 1

  const count = findSeparators(view, levelEnd, end)
  if (count > SEPARATOR_COUNT) {
    separators.become(view.end, Field.level, view.start, Field.host, SEPARATOR_COUNT)
    separators.addStrict(bytes, view.start[Field.timeTaken], end)
    return splitHostile(view, end, hints, separators)
  }
  if (count < SEPARATOR_COUNT) {
    separators.findLoose(bytes, levelEnd, end)
    if (separators.count < SEPARATOR_COUNT) return 'missing_fields'
    if (separators.count > SEPARATOR_COUNT) return splitHostile(view, end, hints, separators)
    for (let i = 0; i < SEPARATOR_COUNT; i++) {
      view.end[Field.level + i] = separators.closes[i]
      view.start[Field.host + i] = separators.opens[i]
    }
  }
  return fieldsHold(view) ? learn(view, hints) : 'bad_field'
}

const NONE: readonly never[] = []

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] === SPACE) i++
  return i
}

function endOfLevel(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start - 1] !== OPEN || end - start < 6) return -1
  const words = wordsOf(bytes)
  switch (words.getInt32(start, true)) {
    case INFO:
    case WARN:
      return bytes[start + 4] === CLOSE ? start + 4 : -1
    case ERRO:
      return bytes[start + 4] === 0x72 && bytes[start + 5] === CLOSE ? start + 5 : -1
    case DEBU:
      return bytes[start + 4] === 0x67 && bytes[start + 5] === CLOSE ? start + 5 : -1
    case TRAC:
      return bytes[start + 4] === 0x65 && bytes[start + 5] === CLOSE ? start + 5 : -1
    default:
      return -1
  }
}

/** The first four bytes of each level, as a little-endian word. */
const INFO = 0x6f666e69
const WARN = 0x6e726177
const ERRO = 0x6f727265
const DEBU = 0x75626564
const TRAC = 0x63617274

/** Counts `][` from the level's `]` on; the first 15 become the bounds of the view's fields. This is the hot loop. */
function findSeparators(view: EventView, from: number, end: number): number {
  const { bytes, start: starts, end: ends } = view
  const words = wordsOf(bytes)
  const last = end - 1
  let count = 0
  let close = nextClose(bytes, words, from, last)
  while (close < last) {
    if (bytes[close + 1] === OPEN) {
      if (count === SEPARATOR_COUNT) return count + 1
      ends[Field.level + count] = close
      starts[Field.host + count] = close + 2
      count++
      close++
    }
    close = nextClose(bytes, words, close + 1, last)
  }
  return count
}

/** The one way to split must also make sense: else the line is something that we do not know. */
function fieldsHold({ bytes, start, end }: EventView): boolean {
  return (
    isDigits(bytes, start[Field.pid], end[Field.pid]) &&
    isCorrelationId(bytes, start[Field.correlationId], end[Field.correlationId]) &&
    (isMiddleware(bytes, start[Field.component], end[Field.component]) ||
      isName(bytes, start[Field.component], end[Field.component])) &&
    isWord(bytes, start[Field.method], end[Field.method]) &&
    isDigits(bytes, start[Field.status], end[Field.status]) &&
    isName(bytes, start[Field.errorCode], end[Field.errorCode]) &&
    isElapsed(bytes, start[Field.timeTaken], end[Field.timeTaken])
  )
}

/** Of a UUID's length with its dashes, or any word: the only way to split needs no closer look at the digits. */
function isCorrelationId(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 36 && bytes[start + 8] === 0x2d && bytes[start + 13] === 0x2d) {
    return bytes[start + 18] === 0x2d && bytes[start + 23] === 0x2d
  }
  return isWord(bytes, start, end)
}

/** A line that splits in one way only tells what its gateway process writes everywhere: organisation, environment, addresses. */
function learn(view: EventView, hints: PartitionHints): null {
  const { bytes, start, end } = view
  const orgStart = start[Field.org]
  const envEnd = end[Field.env]
  if (orgStart === end[Field.org] || start[Field.env] === envEnd) return null
  if (!hints.orgAndEnv.equals(bytes, orgStart, envEnd)) {
    if (!isUuid(bytes, start[Field.correlationId], end[Field.correlationId])) return null
    hints.orgAndEnv = new Pattern(copyBytes(bytes, orgStart, envEnd))
  }
  const addressStart = start[Field.clientIp]
  const addressEnd = end[Field.clientIp]
  if (start[Field.url] !== end[Field.url]) {
    if (addressStart === addressEnd) hints.writesNoAddress = true
    else if (!hints.writesAddress) hints.writesAddress = isAddress(bytes, addressStart, addressEnd)
  }
  return null
}
