import { DateTime, type Zone } from 'luxon'
import { ConfigError } from '../errors.js'
import type { Filter } from '../frequency/question.js'
import type { FilterOptions } from './options.js'

export interface TimeReference {
  readonly nowMs: number
  /** IANA name or luxon zone of times that carry no offset; the machine's own where absent. */
  readonly zone?: string | Zone
}

/**
 * The filter that `--since`, `--until`, `--code`, `--target` and `--proxy` say together. Throws `ConfigError` where a
 * time makes no sense or the range is empty.
 */
export function readFilter(options: FilterOptions, reference: TimeReference): Filter {
  const { since, until, code, target, proxy } = options
  const sinceMs = since === undefined ? undefined : readTime('--since', since, reference)
  const untilMs = until === undefined ? undefined : readTime('--until', until, reference)
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs) {
    throw new ConfigError(`nothing lies between: --since ${since} and --until ${until}`, {
      code: 'usage',
      hint: 'give a --since that is earlier than --until',
    })
  }
  return {
    ...(sinceMs !== undefined && { sinceMs }),
    ...(untilMs !== undefined && { untilMs }),
    ...(target !== undefined && { target }),
    ...(proxy !== undefined && { proxy: proxy.replace(/^\//, '') }),
    ...(code !== undefined && { code }),
  }
}

export interface ReportedRange {
  /** Null: without bound. Never later than `untilMs`. */
  readonly sinceMs: number | null
  readonly untilMs: number | null
  /** First and last event time read, where the range holds none of it; else null. */
  readonly outside: TimeRange | null
}

export interface TimeRange {
  readonly minMs: number
  readonly maxMs: number
}

/** The range that an answer is about: what was asked for, bounded by what was read where that lies in it. */
export function reportedRange({ sinceMs, untilMs }: Filter, read: TimeRange | null): ReportedRange {
  const isOutside =
    read !== null &&
    ((sinceMs !== undefined && sinceMs > read.maxMs) || (untilMs !== undefined && untilMs <= read.minMs))
  const bounds = isOutside ? null : read
  return {
    sinceMs: sinceMs ?? bounds?.minMs ?? null,
    untilMs: untilMs ?? bounds?.maxMs ?? null,
    outside: isOutside ? read : null,
  }
}

/**
 * A time that a person wrote, as epoch milliseconds: ISO 8601 (`2026-11-23`, `2026-11-23T14:30`, `2026-11-23 14:30Z`),
 * `14:30` (today), `now`, `today` and `yesterday` (their first moment), or how long ago (`30m`, `2h`, `1h30m`, `3d`, `1w`).
 * Throws `ConfigError` (`usage`) for anything else.
 */
export function readTime(option: string, text: string, { nowMs, zone = 'local' }: TimeReference): number {
  const wanted = text.trim()
  const now = DateTime.fromMillis(nowMs, { zone })
  const timeMs = named(wanted.toLowerCase(), now) ?? ago(wanted.toLowerCase(), nowMs) ?? written(wanted, now)
  if (timeMs !== null && Number.isFinite(timeMs)) return timeMs
  throw new ConfigError(`not a time: ${option} ${text}`, {
    code: 'usage',
    hint: 'write 2026-11-23T14:30, 2026-11-23, 14:30, 2h, 30m, 3d, now, today or yesterday',
  })
}

function named(word: string, now: DateTime): number | null {
  if (word === 'now') return now.toMillis()
  if (word === 'today') return now.startOf('day').toMillis()
  if (word === 'yesterday') return now.minus({ days: 1 }).startOf('day').toMillis()
  return null
}

const DURATION = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/
const UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1_000] as const

/** Elapsed time, not calendar time: a day is 24 hours also where the clocks change. */
function ago(text: string, nowMs: number): number | null {
  const match = text === '' ? null : DURATION.exec(text)
  if (match === null) return null
  const durationMs = UNITS_MS.reduce((sum, unitMs, index) => sum + Number(match[index + 1] ?? 0) * unitMs, 0)
  return durationMs <= nowMs ? nowMs - durationMs : null
}

const TIME_OF_DAY = /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?$/
const CALENDAR_DATE = /^\d{4}-\d{2}-\d{2}(?:$|[T ])/

function written(text: string, now: DateTime): number | null {
  const full = TIME_OF_DAY.test(text)
    ? `${now.toISODate()}T${text.padStart(text.indexOf(':') === 1 ? text.length + 1 : 0, '0')}`
    : text
  if (!CALENDAR_DATE.test(full)) return null
  const time = DateTime.fromISO(full.replace(' ', 'T'), { zone: now.zone })
  return time.isValid ? time.toMillis() : null
}
