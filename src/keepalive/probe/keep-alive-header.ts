/** What a target promises of its connections in `Keep-Alive` (RFC 2068, 19.7.1.1). */
export interface KeepAliveHeader {
  /** Null where it names no time. */
  readonly timeoutMs: number | null
  /** Requests that the connection will still take; null where it names none. */
  readonly maxRequests: number | null
}

/** Reads `timeout=5, max=100` in any order; null where the header says neither. */
export function readKeepAliveHeader(text: string): KeepAliveHeader | null {
  const seconds = parameter(text, 'timeout')
  const maxRequests = parameter(text, 'max')
  if (seconds === null && maxRequests === null) return null
  return { timeoutMs: seconds === null ? null : seconds * 1_000, maxRequests }
}

function parameter(text: string, name: string): number | null {
  const match = new RegExp(`(?:^|[,;\\s])${name}\\s*=\\s*"?(\\d{1,9})"?\\s*(?:$|[,;\\s])`, 'i').exec(text)
  return match === null ? null : Number(match[1])
}
