import { copyBytes, type EventView, Field } from '../event-view.js'
import type { RejectionReason } from '../records.js'
import { ascii, CLOSE, equals, isAddress, isDigits, isElapsed, isName, isUuid, isWord, OPEN, SPACE } from './bytes.js'
import { type PartitionHints, type Separator, splitHostile } from './split-hostile.js'
import { TIMESTAMP_LENGTH } from './timestamp.js'

/** Separators `][` behind the level of an event whose fields hold none themselves. */
export const SEPARATOR_COUNT = 15

const LEVELS = ['info', 'warn', 'error', 'debug', 'trace'].map(ascii)

/** Where each separator's `]` stands and where the field behind its `[` begins; reused from line to line. */
const closes = new Int32Array(SEPARATOR_COUNT)
const opens = new Int32Array(SEPARATOR_COUNT)

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
  view.end[Field.level] = levelEnd

  const count = findSeparators(bytes, levelEnd, end)
  if (count > SEPARATOR_COUNT) return splitHostile(view, levelEnd, end, hints, strictSeparators(bytes, levelEnd, end))
  if (count < SEPARATOR_COUNT) {
    const separators = looseSeparators(bytes, levelEnd, end)
    if (separators.length < SEPARATOR_COUNT) return 'missing_fields'
    if (separators.length > SEPARATOR_COUNT) return splitHostile(view, levelEnd, end, hints, separators)
    for (let i = 0; i < SEPARATOR_COUNT; i++) {
      closes[i] = separators[i].close
      opens[i] = separators[i].open
    }
  }
  for (let i = 0; i < SEPARATOR_COUNT; i++) {
    view.start[Field.host + i] = opens[i]
    view.end[Field.host + i - 1] = closes[i]
  }
  view.end[Field.timeTaken] = end - 1
  return fieldsHold(view) ? learn(view, hints) : 'bad_field'
}

const NONE: readonly never[] = []

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && bytes[i] === SPACE) i++
  return i
}

function endOfLevel(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start - 1] !== OPEN) return -1
  for (const level of LEVELS) {
    const levelEnd = start + level.length
    if (levelEnd < end && bytes[levelEnd] === CLOSE && equals(bytes, start, levelEnd, level)) return levelEnd
  }
  return -1
}

/** Counts `][` from the level's `]` on, noting the first 15. This is the hot loop: one compare for most bytes. */
function findSeparators(bytes: Uint8Array, from: number, end: number): number {
  let count = 0
  const last = end - 1
  for (let i = from; i < last; i++) {
    if (bytes[i] === CLOSE && bytes[i + 1] === OPEN) {
      if (count === SEPARATOR_COUNT) return count + 1
      closes[count] = i
      opens[count] = i + 2
      count++
      i++
    }
  }
  return count
}

function strictSeparators(bytes: Uint8Array, from: number, end: number): Separator[] {
  const separators: Separator[] = []
  for (let i = from; i < end - 1; i++) {
    if (bytes[i] === CLOSE && bytes[i + 1] === OPEN) {
      separators.push({ close: i, open: i + 2 })
      i++
    }
  }
  return separators
}

/** Also takes `] [`: the help page's sample lines carry stray blanks between brackets. */
function looseSeparators(bytes: Uint8Array, from: number, end: number): Separator[] {
  const separators: Separator[] = []
  for (let i = from; i < end - 1; i++) {
    if (bytes[i] !== CLOSE) continue
    const open = skipBlanks(bytes, i + 1, end)
    if (bytes[open] !== OPEN || open >= end) continue
    separators.push({ close: i, open: open + 1 })
    i = open
  }
  return separators
}

/** The one way to split must also make sense: else the line is something that we do not know. */
function fieldsHold({ bytes, start, end }: EventView): boolean {
  return (
    isDigits(bytes, start[Field.pid], end[Field.pid]) &&
    isWord(bytes, start[Field.correlationId], end[Field.correlationId]) &&
    isName(bytes, start[Field.component], end[Field.component]) &&
    isWord(bytes, start[Field.method], end[Field.method]) &&
    isDigits(bytes, start[Field.status], end[Field.status]) &&
    isName(bytes, start[Field.errorCode], end[Field.errorCode]) &&
    isElapsed(bytes, start[Field.timeTaken], end[Field.timeTaken])
  )
}

/** A line that splits in one way only tells what its gateway process writes everywhere: organisation, environment, addresses. */
function learn(view: EventView, hints: PartitionHints): null {
  const { bytes, start, end } = view
  const orgStart = start[Field.org]
  const envEnd = end[Field.env]
  if (orgStart === end[Field.org] || start[Field.env] === envEnd) return null
  if (!equals(bytes, orgStart, envEnd, hints.orgAndEnv)) {
    if (!isUuid(bytes, start[Field.correlationId], end[Field.correlationId])) return null
    hints.orgAndEnv = copyBytes(bytes, orgStart, envEnd)
  }
  const addressStart = start[Field.clientIp]
  const addressEnd = end[Field.clientIp]
  if (start[Field.url] !== end[Field.url]) {
    if (addressStart === addressEnd) hints.writesNoAddress = true
    else if (!hints.writesAddress) hints.writesAddress = isAddress(bytes, addressStart, addressEnd)
  }
  return null
}
