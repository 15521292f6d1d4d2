import { type EventView, Field } from '../event-view.js'
import type { EventField, RejectionReason } from '../records.js'
import { ascii, equals, isAddress, isDigits, isElapsed, isName, isUrl, isUuid, isWord } from './bytes.js'

/** Where one field ends (its `]`) and the next begins (behind its `[`). */
export interface Separator {
  readonly close: number
  readonly open: number
}

/**
 * What the certain lines of one gateway process have shown. It writes the same organisation and environment in every
 * line, so fake fields that name others can be told apart.
 */
export interface PartitionHints {
  /** Bytes `ORG][ENV`; empty while none is known. */
  orgAndEnv: Uint8Array
  writesAddress: boolean
  writesNoAddress: boolean
}

export const noHints = (): PartitionHints => ({
  orgAndEnv: new Uint8Array(0),
  writesAddress: false,
  writesNoAddress: false,
})

/** Fields behind and with the correlation id; before it: host, pid, org, env, url, client ip, client id. */
const FIELDS_FROM_ID = 8
const FIELDS_BEFORE_ID = 7
const CORE = ascii('microgateway-core')
const MIDDLEWARE = ascii('plugins-middleware')
const NO_MATCH = ascii('no match found')
const TARGET = ascii('target')

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
  levelEnd: number,
  end: number,
  hints: PartitionHints,
  separators: readonly Separator[],
): RejectionReason | null {
  const line = new Fields(view.bytes, levelEnd, end, separators)
  const right = findRight(line, hints)
  if (typeof right === 'string') return right
  const addresses = new Addresses(line, right.id, hints)
  const workers = findWorkers(line, right.id, addresses, hints)
  if (workers.length !== 1) return workers.length === 0 ? 'bad_field' : 'ambiguous'
  const worker = workers[0]
  const address = addresses.find(worker + 4)
  if (address === null) return 'bad_field'

  const { start, end: ends } = view
  const put = (field: number, first: number, last: number): void => {
    start[field] = line.start(first)
    ends[field] = line.end(last)
  }
  put(Field.host, 0, worker - 1)
  put(Field.pid, worker, worker)
  put(Field.org, worker + 1, worker + 1)
  put(Field.env, worker + 2, worker + 2)
  put(Field.url, worker + 3, address.index - 1)
  put(Field.clientIp, address.index, address.index)
  put(Field.clientId, address.index + 1, right.id - 1)
  put(Field.correlationId, right.id, right.id)
  put(Field.component, right.id + 1, right.id + 1)
  put(Field.message, right.id + 2, right.method - 1)
  put(Field.method, right.method, right.method)
  put(Field.status, right.method + 1, right.method + 1)
  put(Field.errorMessage, right.method + 2, line.count - 3)
  put(Field.errorCode, line.count - 2, line.count - 2)
  put(Field.timeTaken, line.count - 1, line.count - 1)
  if (!address.certain) view.uncertain = OPEN_FIELDS
  return null
}

const OPEN_FIELDS: readonly EventField[] = ['url', 'clientIp', 'clientId']

/** The pieces between separators, from the host on. */
class Fields {
  /** Number of pieces. */
  readonly count: number

  constructor(
    readonly bytes: Uint8Array,
    readonly levelEnd: number,
    readonly lineEnd: number,
    readonly separators: readonly Separator[],
  ) {
    this.count = separators.length
  }

  start(index: number): number {
    return this.separators[index].open
  }

  end(index: number): number {
    return index + 1 < this.count ? this.separators[index + 1].close : this.lineEnd - 1
  }

  isEmpty(index: number): boolean {
    return this.start(index) === this.end(index)
  }

  holds(index: number, test: (bytes: Uint8Array, start: number, end: number) => boolean): boolean {
    return test(this.bytes, this.start(index), this.end(index))
  }

  is(index: number, expected: Uint8Array): boolean {
    return equals(this.bytes, this.start(index), this.end(index), expected)
  }

  beginsWith(index: number, expected: Uint8Array): boolean {
    const start = this.start(index)
    return this.end(index) - start >= expected.length && equals(this.bytes, start, start + expected.length, expected)
  }
}

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
  if (hints.orgAndEnv.length > 0) return equals(line.bytes, line.start(index + 1), line.end(index + 2), hints.orgAndEnv)
  return isFilledWord(line, index + 1) && isFilledWord(line, index + 2)
}

function isFilledWord(line: Fields, index: number): boolean {
  return !line.isEmpty(index) && line.holds(index, isWord)
}

/** Every index at which the worker's number may stand; a target's host holds no brackets, so there it is the second field. */
function findWorkers(line: Fields, id: number, addresses: Addresses, hints: PartitionHints): number[] {
  if (line.is(id + 1, MIDDLEWARE) && line.beginsWith(id + 2, TARGET)) return isWorker(line, 1, hints) ? [1] : []
  const workers: number[] = []
  for (let worker = 1; worker + 6 <= id && workers.length < 2; worker++) {
    if (isWorker(line, worker, hints) && addresses.find(worker + 4) !== null) workers.push(worker)
  }
  return workers
}

interface Address {
  readonly index: number
  readonly certain: boolean
}

/**
 * The client ip between url and API key. A process that writes addresses does so for each request, and an address in
 * front of an attacker's key comes first; a process that writes none leaves the field empty, and then the reading
 * with a plain API key is the likelier one. Built once for a line, from the right, so that each search is constant.
 */
class Addresses {
  readonly #last: number
  readonly #hints: PartitionHints
  /** Per index: fields up to the first that no url can hold (exclusive bound for the url's end). */
  readonly #urlEnd: Int32Array
  readonly #nextAddress: Int32Array
  readonly #nextBlank: Int32Array
  readonly #addressesBefore: Int32Array
  readonly #blanksBefore: Int32Array

  constructor(line: Fields, id: number, hints: PartitionHints) {
    this.#last = id - 2
    this.#hints = hints
    const size = id + 1
    this.#urlEnd = new Int32Array(size).fill(id)
    this.#nextAddress = new Int32Array(size).fill(id)
    this.#nextBlank = new Int32Array(size).fill(id)
    this.#addressesBefore = new Int32Array(size)
    this.#blanksBefore = new Int32Array(size)
    for (let index = id - 1; index >= 0; index--) {
      this.#urlEnd[index] = line.holds(index, isUrl) ? this.#urlEnd[index + 1] : index
      this.#nextBlank[index] = line.isEmpty(index) ? index : this.#nextBlank[index + 1]
      this.#nextAddress[index] = line.holds(index, isAddress) ? index : this.#nextAddress[index + 1]
    }
    for (let index = 0; index < id; index++) {
      this.#addressesBefore[index + 1] = this.#addressesBefore[index] + (this.#nextAddress[index] === index ? 1 : 0)
      this.#blanksBefore[index + 1] = this.#blanksBefore[index] + (this.#nextBlank[index] === index ? 1 : 0)
    }
  }

  /** The address at or behind `first`, where the url begins at `first - 1`; null where there can be none. */
  find(first: number): Address | null {
    // The address itself may be the field that ends the url's run: it is not part of the url.
    const last = Math.min(this.#last, this.#urlEnd[first - 1])
    if (last < first) return null
    const addresses = this.#addressesBefore[last + 1] - this.#addressesBefore[first]
    const blanks = this.#blanksBefore[last + 1] - this.#blanksBefore[first]
    const { writesAddress, writesNoAddress } = this.#hints
    const knowsStyle = writesAddress !== writesNoAddress
    const candidates = knowsStyle ? (writesAddress ? addresses : blanks) : addresses + blanks
    if (addresses > 0 && !(knowsStyle && writesNoAddress)) {
      return { index: this.#nextAddress[first], certain: candidates === 1 }
    }
    if (blanks === 0) return null
    const plainKey = last === this.#last && this.#nextBlank[last] === last
    return { index: plainKey ? last : this.#nextBlank[first], certain: candidates === 1 }
  }
}
