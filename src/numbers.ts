/** Numbers, shares, times and sizes for people. The decimal sign is a point and the thousands sign a comma, everywhere. */

/** `1,234`. */
export function formatCount(count: number): string {
  return COUNT.format(count)
}

/** A share of one as per cent with two significant digits: `4.4 %`, `0.021 %`, `12 %`, `100 %`. Only 0 and 1 read as 0 % and 100 %. */
export function formatShare(share: number): string {
  return `${shareDigits(share)} %`
}

/** Both ends of an interval: `2.1–4.4 %`. */
export function formatShareRange(low: number, high: number): string {
  return `${shareDigits(low)}–${shareDigits(high)} %`
}

/** Two units at most: `395 ms`, `1.2 s`, `2 min 5 s`, `3 h 4 min`, `2 d 3 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`
  if (durationMs < 9_950) return `${(durationMs / 1_000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1_000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return pair(seconds, { unit: 60, large: 'min', small: 's' })
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return pair(minutes, { unit: 60, large: 'h', small: 'min' })
  return pair(Math.round(minutes / 60), { unit: 24, large: 'd', small: 'h' })
}

/** As options of commands and pipelines take it, whole milliseconds: `4s`, `1900ms`. */
export function formatSetting(durationMs: number): string {
  return durationMs % 1_000 === 0 ? `${durationMs / 1_000}s` : `${durationMs}ms`
}

/** Powers of 1,000, as disks are sold: `820 B`, `1.4 kB`, `450 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (unit < SIZE_UNITS.length - 1 && value >= 999.5) {
    value /= 1_000
    unit++
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0
  return `${value.toFixed(digits)} ${SIZE_UNITS[unit]}`
}

/** In UTC, as the log has it: `2026-11-23 02:32:06 UTC`. */
export function formatInstant(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

function shareDigits(share: number): string {
  const percent = share * 100
  if (percent <= 0) return '0'
  if (percent >= 100) return '100'
  if (percent < 0.001) return '<0.001'
  if (percent >= 99.5) return percent >= 99.995 ? '>99.99' : percent.toFixed(2)
  if (percent >= 9.95) return percent.toFixed(0)
  const decimals = 1 - Math.floor(Math.log10(percent))
  return percent.toFixed(decimals)
}

function pair(count: number, { unit, large, small }: { unit: number; large: string; small: string }): string {
  const rest = count % unit
  const whole = `${formatCount(Math.floor(count / unit))} ${large}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}
