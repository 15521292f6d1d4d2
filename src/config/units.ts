/**
 * Times and sizes as people write them: `500ms`, `5s`, `1h30m`, `64MiB`. Inside the program they are milliseconds and
 * bytes.
 */

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
])

const SIZE_UNITS_BYTES: ReadonlyMap<string, number> = new Map([
  ['TiB', 1024 ** 4],
  ['TB', 1000 ** 4],
  ['GiB', 1024 ** 3],
  ['GB', 1000 ** 3],
  ['MiB', 1024 ** 2],
  ['MB', 1000 ** 2],
  ['KiB', 1024],
  ['kB', 1000],
  ['KB', 1000],
  ['B', 1],
])

/** How a duration is written, for messages. */
export const DURATION_EXAMPLES = '500ms, 5s, 2m or 1h30m'

/** How a size is written, for messages. */
export const SIZE_EXAMPLES = '512KiB, 64MiB or 1GB'

/**
 * Milliseconds of a duration: one or several numbers with a unit each (`ms`, `s`, `m`, `h`, `d`), larger units first,
 * none twice. Null for anything else, a number without a unit included.
 */
export function parseDuration(text: string): number | null {
  let totalMs = 0
  let previousMs = Number.POSITIVE_INFINITY
  let read = 0
  for (const [part, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/gy)) {
    const unitMs = DURATION_UNITS_MS.get(unit) ?? Number.NaN
    if (!(unitMs < previousMs)) return null
    totalMs += Number(number) * unitMs
    previousMs = unitMs
    read += part.length
  }
  return read > 0 && read === text.length ? safeInteger(totalMs) : null
}

/** The shortest text that `parseDuration` reads back to the same number of milliseconds. */
export function formatDuration(durationMs: number): string {
  let rest = durationMs
  let text = ''
  for (const [unit, unitMs] of DURATION_UNITS_MS) {
    const count = Math.floor(rest / unitMs)
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs
  }
  return text === '' ? '0s' : text
}

/** Bytes of a size: a number with a unit, binary (`KiB`, `MiB`) or decimal (`kB`, `MB`). Null for anything else. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([kKMGT]?i?B)$/.exec(text)
  const unitBytes = match === null ? undefined : SIZE_UNITS_BYTES.get(match[2])
  return match === null || unitBytes === undefined ? null : safeInteger(Number(match[1]) * unitBytes)
}

/** The size in the largest unit that divides it, so that `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  for (const [unit, unitBytes] of SIZE_UNITS_BYTES) {
    if (bytes >= unitBytes && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`
  }
  return `${bytes}B`
}

function safeInteger(value: number): number | null {
  const whole = Math.round(value)
  return Number.isSafeInteger(whole) ? whole : null
}
