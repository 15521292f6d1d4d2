import { type EventView, Field } from '../event-view.js'
import type { EventField, RejectionReason } from '../records.js'
import { Pattern, pattern } from '../words.js'
import { isAddress, isDigits, isElapsed, isName, isUrl, isUuid, isWord } from './bytes.js'
import { Separators } from './separators.js'

/**
 * What the certain lines of one gateway process have shown. It writes the same organisation and environment in every
 * line, so fake fields that name others can be told apart.
 */
export interface PartitionHints {
  /** `ORG][ENV`; empty while none is known. */
  orgAndEnv: Pattern
  writesAddress: boolean
  writesNoAddress: boolean
}

export const noHints = (): PartitionHints => ({
  orgAndEnv: new Pattern(new Uint8Array(0)),
  writesAddress: false,
  writesNoAddress: false,
})

/** Fields behind and with the correlation id; before it: host, pid, org, env, url, client ip, client id. */
const FIELDS_FROM_ID = 8
const FIELDS_BEFORE_ID = 7
const CORE = pattern('microgateway-core')
const MIDDLEWARE = pattern('plugins-middleware')
const NO_MATCH = pattern('no match found')
const TARGET = pattern('target')

/**
 * Splits an event that holds more than 15 separators, because an attacker's text holds some. What can not be faked:
 *
 * - Everything up to the correlation id may be an attacker's (Host, url, API key), and all that may stands before it;
 *   what stands behind it is written by the gateway. So the line is read from the right: its last eight fields, if
 *   they hold what these fields must, are the true ones, whatever stands before.
 * - Except for `no match found for <path>` (microgateway-core 3.1): it ends in an attacker's path, with all request
 *   fields empty. Where both readings are possible the line is ambiguous.
 * - A url holds no blanks, the worker's number is digits, organisation and environment are the process's own.
 * - The host of a target's record is configured, not sent: it holds no brackets.
 *
 * What stays open between url, client ip and API key is given in its likeliest reading and named in `view.uncertain`.
 * Linear in the number of separators.
 */
export function splitHostile(
  view: EventView,
  end: number,
  hints: PartitionHints,
  separators: Separators,
): RejectionReason | null {
  line.become(view.bytes, end, separators)
  const right = findRight(line, hints)
  if (typeof right === 'string') return right
  const place = findWorker(line, right.id, hints)
  if (typeof place === 'string') return place
  const { worker, address } = place

  view.end[Field.level] = separators.closes[0]
  put(view, Field.host, 0, worker - 1)
  for (let i = 0; i < 3; i++) put(view, Field.pid + i, worker + i, worker + i)
  put(view, Field.url, worker + 3, address.index - 1)
  put(view, Field.clientIp, address.index, address.index)
  put(view, Field.clientId, address.index + 1, right.id - 1)
  put(view, Field.correlationId, right.id, right.id)
  put(view, Field.component, right.id + 1, right.id + 1)
  put(view, Field.message, right.id + 2, right.method - 1)
  put(view, Field.method, right.method, right.method)
  put(view, Field.status, right.method + 1, right.method + 1)
  put(view, Field.errorMessage, right.method + 2, line.count - 3)
  put(view, Field.errorCode, line.count - 2, line.count - 2)
  put(view, Field.timeTaken, line.count - 1, line.count - 1)
  if (!address.certain) view.uncertain = OPEN_FIELDS
  return null
}

/** A field is what stands from one piece to another. */
function put(view: EventView, field: number, first: number, last: number): void {
  view.start[field] = line.start(first)
  view.end[field] = line.end(last)
}

const OPEN_FIELDS: readonly EventField[] = ['url', 'clientIp', 'clientId']

/** The pieces between separators, from the host on. */
class Fields {
  bytes: Uint8Array = new Uint8Array(0)
  #lineEnd = 0
  #separators = new Separators()
  /** Number of pieces. */
  count = 0

  become(bytes: Uint8Array, lineEnd: number, separators: Separators): void {
    this.bytes = bytes
    this.#lineEnd = lineEnd
    this.#separators = separators
    this.count = separators.count
  }

  start(index: number): number {
    return this.#separators.opens[index]
  }

  end(index: number): number {
    return index + 1 < this.count ? this.#separators.closes[index + 1] : this.#lineEnd - 1
  }

  isEmpty(index: number): boolean {
    return this.start(index) === this.end(index)
  }

  holds(index: number, test: (bytes: Uint8Array, start: number, end: number) => boolean): boolean {
    return test(this.bytes, this.start(index), this.end(index))
  }

  is(index: number, expected: Pattern): boolean {
    return expected.equals(this.bytes, this.start(index), this.end(index))
  }

  beginsWith(index: number, expected: Pattern): boolean {
    return expected.begins(this.bytes, this.start(index), this.end(index))
  }
}

/** Reused from line to line, so that hostile ones make no garbage. */
const line = new Fields()

interface RightSide {
  /** Index of the correlation id. */
  readonly id: number
  readonly method: number
}

function findRight(line: Fields, hints: PartitionHints): RightSide | RejectionReason {
  if (!line.holds(line.count - 1, isElapsed) || !line.holds(line.count - 2, isName)) return 'bad_field'
  const last = line.count - FIELDS_FROM_ID
  const lastFits = isId(line, last) && isMethodAndStatus(line, last + 3)
  const noMatch = findNoMatch(line, hints)
  if (lastFits) return noMatch < 0 || noMatch === last ? { id: last, method: last + 3 } : 'ambiguous'
  if (noMatch >= 0) return { id: noMatch, method: noMatch + 3 }
  return findMessageWithBrackets(line, last)
}

/** A correlation id followed by a component; without an id there was no request, so its fields are empty too. */
function isId(line: Fields, index: number): boolean {
  if (index < FIELDS_BEFORE_ID || line.isEmpty(index + 1) || !line.holds(index + 1, isName)) return false
  if (line.holds(index, isUuid)) return true
  return line.isEmpty(index) && line.isEmpty(index - 1) && line.isEmpty(index - 2) && line.isEmpty(index - 3)
}

function isMethodAndStatus(line: Fields, method: number): boolean {
  return line.holds(method, isWord) && line.holds(method + 1, isDigits)
}

/** Index of the (empty) correlation id of a `no match found for <path>` record, or -1. */
function findNoMatch(line: Fields, hints: PartitionHints): number {
  for (let worker = 1; worker + 14 <= line.count; worker++) {
    const id = worker + 6
    if (!line.is(id + 1, CORE) || !line.isEmpty(id + 2) || !isId(line, id)) continue
    if (!isMethodAndStatus(line, id + 3) || !line.beginsWith(id + 5, NO_MATCH)) continue
    if (isWorker(line, worker, hints)) return id
  }
  return -1
}

/** A message or error text of a plugin holds the extra brackets: accepted where one reading only is possible. */
function findMessageWithBrackets(line: Fields, last: number): RightSide | RejectionReason {
  const methods: number[] = []
  for (let method = FIELDS_BEFORE_ID + 3; method + 4 < line.count; method++) {
    if (isMethodAndStatus(line, method)) methods.push(method)
  }
  let found: RightSide | null = null
  for (let id = FIELDS_BEFORE_ID; id < last; id++) {
    if (!line.holds(id, isUuid) || !isId(line, id)) continue
    const method = methods.at(-1)
    if (method === undefined || method < id + 3) continue
    const another = methods.at(-2)
    if (found !== null || (another !== undefined && another >= id + 3)) return 'ambiguous'
    found = { id, method }
  }
  return found ?? 'bad_field'
}

function isWorker(line: Fields, index: number, hints: PartitionHints): boolean {
  if (line.isEmpty(index) || !line.holds(index, isDigits)) return false
  const { orgAndEnv } = hints
  if (orgAndEnv.bytes.length > 0) return orgAndEnv.equals(line.bytes, line.start(index + 1), line.end(index + 2))
  return isFilledWord(line, index + 1) && isFilledWord(line, index + 2)
}

function isFilledWord(line: Fields, index: number): boolean {
  return !line.isEmpty(index) && line.holds(index, isWord)
}

interface Place {
  /** Index of the worker's number. */
  readonly worker: number
  readonly address: Address
}

/** A target's host holds no brackets, so there the worker's number is the second field; elsewhere it is looked for. */
function findWorker(line: Fields, id: number, hints: PartitionHints): Place | RejectionReason {
  const isTarget = line.is(id + 1, MIDDLEWARE) && line.beginsWith(id + 2, TARGET)
  const last = isTarget ? 1 : id - 6
  let first = 1
  while (first <= last && !isWorker(line, first, hints)) first++
  if (first > last) return 'bad_field'
  addresses.become(line, first + 3, id, hints)
  let found: Place | null = null
  for (let worker = first; worker <= last; worker++) {
    const address = isWorker(line, worker, hints) ? addresses.find(worker + 4) : null
    if (address === null) continue
    if (found !== null) return 'ambiguous'
    found = { worker, address }
  }
  return found ?? 'bad_field'
}

interface Address {
  readonly index: number
  readonly certain: boolean
}

/** Indices of fields, ascending. Keeps its room. */
class Indices {
  readonly #indices: number[] = []
  #count = 0

  clear(): void {
    this.#count = 0
  }

  add(index: number): void {
    this.#indices[this.#count++] = index
  }

  at(place: number): number {
    return this.#indices[place]
  }

  /** Place of the first one that is not below `value`. */
  firstFrom(value: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#indices[middle] < value) low = middle + 1
      else high = middle
    }
    return low
  }

  /** How many there are from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return Math.max(0, this.firstFrom(last + 1) - this.firstFrom(first))
  }
}

/**
 * The client ip between url and API key. A process that writes addresses does so for each request, and an address in
 * front of an attacker's key comes first; a process that writes none leaves the field empty, and then the reading
 * with a plain API key is the likelier one. Prepared once for a line, from the right, so that each search is constant.
 */
class Addresses {
  #last = 0
  #from = 0
  #hints = noHints()
  /** Per index from `#from` on: the first index at or behind it that no url can hold. */
  readonly #urlEnd: number[] = []
  readonly #addresses = new Indices()
  /** What may be an empty one. */
  readonly #blanks = new Indices()

  become(line: Fields, from: number, id: number, hints: PartitionHints): void {
    this.#last = id - 2
    this.#from = from
    this.#hints = hints
    this.#blanks.clear()
    this.#addresses.clear()
    for (let index = from; index < id; index++) {
      if (line.isEmpty(index)) this.#blanks.add(index)
      else if (line.holds(index, isAddress)) this.#addresses.add(index)
    }
    let urlEnd = id
    for (let index = id - 1; index >= from; index--) {
      if (!line.holds(index, isUrl)) urlEnd = index
      this.#urlEnd[index - from] = urlEnd
    }
  }

  /** The address at or behind `first`, where the url begins at `first - 1`; null where there can be none. */
  find(first: number): Address | null {
    // The address itself may be the field that ends the url's run: it is not part of the url.
    const last = Math.min(this.#last, this.#urlEnd[first - 1 - this.#from])
    const addresses = this.#addresses.between(first, last)
    const blanks = this.#blanks.between(first, last)
    const writesNone = this.#hints.writesNoAddress && !this.#hints.writesAddress
    // Also where addresses are written, a client that came by IPv6 has none.
    const candidates = writesNone ? blanks : addresses + blanks
    if (addresses > 0 && !writesNone) {
      return { index: this.#addresses.at(this.#addresses.firstFrom(first)), certain: candidates === 1 }
    }
    if (blanks === 0) return null
    const firstBlank = this.#blanks.firstFrom(first)
    const lastBlank = this.#blanks.at(firstBlank + blanks - 1)
    const hasPlainKey = lastBlank === this.#last
    return { index: hasPlainKey ? lastBlank : this.#blanks.at(firstBlank), certain: candidates === 1 }
  }
}

/** Reused as `line` is. */
const addresses = new Addresses()
