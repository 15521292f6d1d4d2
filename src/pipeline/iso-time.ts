import { MINUTE_MS } from '../count/traffic.js'

let minute = Number.NaN
let prefix = ''

/** `Date.prototype.toISOString` for many times of the same minutes: all but seconds and milliseconds is kept. */
export function isoTime(timeMs: number): string {
  const current = Math.floor(timeMs / MINUTE_MS)
  if (current !== minute) {
    prefix = new Date(timeMs).toISOString().slice(0, 17)
    minute = current
  }
  const rest = timeMs - current * MINUTE_MS
  return `${prefix}${SECONDS[Math.floor(rest / 1000)]}.${MILLISECONDS[rest % 1000]}Z`
}

const SECONDS = Array.from({ length: 60 }, (_, second) => String(second).padStart(2, '0'))
const MILLISECONDS = Array.from({ length: 1000 }, (_, millisecond) => String(millisecond).padStart(3, '0'))
