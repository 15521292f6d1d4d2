import { copyBytes } from '../byte-map.js'
import { Pattern } from '../words.js'
import { isDigit } from './bytes.js'

/** Length of `YYYY-MM-DDTHH:MM:SS.mmmZ`, the only form the gateway writes (`Date.prototype.toISOString`). */
export const TIMESTAMP_LENGTH = 24

/** Bytes that stay the same for a minute: `YYYY-MM-DDTHH:MM:`. */
const MINUTE_LENGTH = 17

/**
 * Reads timestamps at the start of lines. Lines come in bursts of the same minute, so the minute's milliseconds are
 * kept and only seconds are read anew.
 */
export class TimestampReader {
  #minute = new Pattern(new Uint8Array(MINUTE_LENGTH))
  #minuteMs = Number.NaN

  /** Milliseconds since the epoch, or NaN where there is no timestamp at `start`. */
  read(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < TIMESTAMP_LENGTH) return Number.NaN
    if (!this.#minute.begins(bytes, start, end)) return this.#readMinute(bytes, start)
    return this.#minuteMs + readSeconds(bytes, start)
  }

  #readMinute(bytes: Uint8Array, start: number): number {
    if (!looksLikeTimestamp(bytes, start, start + TIMESTAMP_LENGTH)) return Number.NaN
    const text = String.fromCharCode(...bytes.subarray(start, start + MINUTE_LENGTH))
    const minuteMs = Date.parse(`${text}00.000Z`)
    if (Number.isNaN(minuteMs)) return Number.NaN
    // `Date.parse` turns 30 February into March; what does not read back as written is not a time.
    if (!new Date(minuteMs).toISOString().startsWith(text)) return Number.NaN
    this.#minute = new Pattern(copyBytes(bytes, start, start + MINUTE_LENGTH))
    this.#minuteMs = minuteMs
    return minuteMs + readSeconds(bytes, start)
  }
}

/** True where the shape of a timestamp stands at `start`, be its date real or not. */
export function looksLikeTimestamp(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < TIMESTAMP_LENGTH || bytes[start + 23] !== 0x5a) return false
  for (let i = 0; i < 23; i++) {
    const byte = bytes[start + i]
    const expected = SHAPE[i]
    if (expected === DIGIT_HERE ? !isDigit(byte) : byte !== expected) return false
  }
  return true
}

const DIGIT_HERE = 0x30
const SHAPE = new TextEncoder().encode('0000-00-00T00:00:00.000Z')

/** `SS.mmmZ` behind the minute, in milliseconds; NaN where it is none. */
function readSeconds(bytes: Uint8Array, start: number): number {
  const s1 = bytes[start + 17] - 0x30
  const s0 = bytes[start + 18] - 0x30
  const m2 = bytes[start + 20] - 0x30
  const m1 = bytes[start + 21] - 0x30
  const m0 = bytes[start + 22] - 0x30
  if (bytes[start + 19] !== 0x2e || bytes[start + 23] !== 0x5a) return Number.NaN
  if (s1 < 0 || s1 > 5 || s0 < 0 || s0 > 9 || m2 < 0 || m2 > 9 || m1 < 0 || m1 > 9 || m0 < 0 || m0 > 9)
    return Number.NaN
  return s1 * 10_000 + s0 * 1_000 + m2 * 100 + m1 * 10 + m0
}
