const NEWLINE = 0x0a

/**
 * How over-long "lines" end that are none: a hole of NUL bytes, as a crash leaves it, or a truncation under a writer that
 * goes on where it was, may be of any size, and the record behind it would be skipped as the rest of the line.
 */

/** Where the record behind the last hole in `bytes` begins; 0 where none does. */
export function endOfLastHole(bytes: Uint8Array): number {
  for (let nul = bytes.lastIndexOf(0); nul >= 0; nul = bytes.subarray(0, nul).lastIndexOf(0)) {
    if (nul + 1 < bytes.length && mayBeginRecord(bytes[nul + 1])) return nul + 1
  }
  return 0
}

/**
 * Where a line that is being skipped ends in `bytes`: at its `\n`, or before a record behind a NUL byte. `before` is the byte before
 * `bytes`. Null where it goes on.
 */
export function endOfSkippedLine(
  bytes: Uint8Array,
  before: number,
): { readonly end: number; readonly next: number } | null {
  const newline = bytes.indexOf(NEWLINE)
  const within = newline < 0 ? bytes : bytes.subarray(0, newline)
  if (before === 0 && within.length > 0 && mayBeginRecord(within[0])) return { end: 0, next: 0 }
  for (let nul = within.indexOf(0); nul >= 0; nul = within.indexOf(0, nul + 1)) {
    if (nul + 1 < within.length && mayBeginRecord(within[nul + 1])) return { end: nul + 1, next: nul + 1 }
  }
  return newline < 0 ? null : { end: newline, next: newline + 1 }
}

/** The first byte of a timestamp or of a container's envelope. */
function mayBeginRecord(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x7b
}
