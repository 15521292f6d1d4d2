import { basename } from 'node:path'
import { TIMESTAMP_LENGTH, TimestampReader } from '../parse/timestamp.js'
import { RedactedLines, type ShippedLines } from '../pipeline/ship/redacted-lines.js'
import type { LineBlock, LineSource } from '../records.js'
import type { Redactor } from '../redact/redactor.js'
import { readLogFileName } from '../sources/log-file-name.js'
import type { Entry } from './entry.js'
import type { EntryNames } from './entry-names.js'
import type { Spool } from './spool.js'

/** Half-open; null: without bound. */
export interface TimeRange {
  readonly sinceMs: number | null
  readonly untilMs: number | null
}

export interface LogFilesOptions {
  readonly redactor: Redactor
  readonly range: TimeRange
  readonly names: EntryNames
  readonly openSpool: () => Spool
}

/** A log in the archive. */
export interface LogEntry {
  readonly entry: Entry
  readonly lines: number
  /** Whether a line of level info, debug or trace is among them: at other levels the gateway tells of no connection. */
  readonly hasInfo: boolean
}

/**
 * The lines of logs within a time, without their secrets, as one file for each log. What follows a record without a time of its
 * own goes with it. Holds no more than what `RedactedLines` holds back.
 */
export class LogFiles {
  readonly #options: LogFilesOptions
  readonly #lines: RedactedLines
  readonly #times = new TimestampReader()
  readonly #files = new Map<string, OpenFile>()
  readonly #sources = new Map<string, LineSource>()

  constructor(options: LogFilesOptions) {
    this.#options = options
    this.#lines = new RedactedLines(options.redactor)
  }

  /** Resolves when its lines are kept. */
  async add(block: LineBlock): Promise<void> {
    this.#fileOf(block.source.path)
    this.#sources.set(block.source.path, block.source)
    this.#lines.add(block)
    await this.#keepAll()
  }

  /** The logs with at least one line in range, in the order in which they came. */
  async end(): Promise<readonly LogEntry[]> {
    // One that could not be read to its end has not ended by itself.
    for (const source of this.#sources.values()) this.#lines.end(source)
    await this.#keepAll()
    const files = [...this.#files.entries()].filter(([, { spool }]) => spool.bytes > 0)
    return files.map(([path, { spool, lines, hasInfo }]) => ({
      entry: spool.finish(this.#options.names.unique('logs', this.#nameOf(path))),
      lines,
      hasInfo,
    }))
  }

  async #keepAll(): Promise<void> {
    for (const shipped of this.#lines.take()) await this.#keep(shipped)
  }

  async #keep({ source, bytes, starts }: ShippedLines): Promise<void> {
    const file = this.#fileOf(source.path)
    const kept: Uint8Array[] = []
    let from = -1
    for (let index = 0; index <= starts.length; index++) {
      const isEnd = index === starts.length
      const start = isEnd ? bytes.length : starts[index]
      if (!isEnd) this.#look(file, bytes, start)
      const isWanted = !isEnd && file.isInRange
      if (isWanted) file.lines++
      if (isWanted && from < 0) from = start
      if (!isWanted && from >= 0) {
        kept.push(bytes.subarray(from, start))
        from = -1
      }
    }
    if (kept.length > 0) await file.spool.append(kept.length === 1 ? kept[0] : Buffer.concat(kept))
  }

  #look(file: OpenFile, bytes: Uint8Array, start: number): void {
    const timeMs = this.#times.read(bytes, start, Math.min(bytes.length, start + TIMESTAMP_LENGTH))
    if (Number.isNaN(timeMs)) return
    const { sinceMs, untilMs } = this.#options.range
    file.isInRange = (sinceMs === null || timeMs >= sinceMs) && (untilMs === null || timeMs < untilMs)
    file.hasInfo ||= file.isInRange && isTalkative(bytes, start + TIMESTAMP_LENGTH + 1)
  }

  #fileOf(path: string): OpenFile {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const file = { spool: this.#options.openSpool(), lines: 0, hasInfo: false, isInRange: this.#isUnbounded }
    this.#files.set(path, file)
    return file
  }

  get #isUnbounded(): boolean {
    return this.#options.range.sinceMs === null && this.#options.range.untilMs === null
  }

  /** A name that the gateway gave tells host and process; any other may hold what its user typed. */
  #nameOf(path: string): string {
    if (path === '-') return 'standard-input.log'
    const name = basename(path).replace(/\.gz$/i, '')
    const isGateways = readLogFileName(path).gateway !== null
    return isGateways ? name : (this.#options.redactor.text(name) ?? '')
  }
}

interface OpenFile {
  readonly spool: Spool
  lines: number
  hasInfo: boolean
  /** Of the last line that had a time. */
  isInRange: boolean
}

/** `[info]` of an event, `info ` of a plain line. */
function isTalkative(bytes: Uint8Array, at: number): boolean {
  const start = bytes[at] === OPENING_BRACKET ? at + 1 : at
  return LEVELS.some((level) => level.every((byte, index) => bytes[start + index] === byte))
}

const OPENING_BRACKET = 0x5b
const LEVELS: readonly Uint8Array[] = ['info', 'debug', 'trace'].map((level) => Buffer.from(level))
