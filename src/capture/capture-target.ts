import { isIP } from 'node:net'

/** A target whose packets are wanted. Its host is an address or a valid host name, nothing else. */
export interface CaptureTarget {
  /** `host:port` as in the log. */
  readonly name: string
  readonly host: string
  /** Null where the log tells none. */
  readonly port: number | null
}

/**
 * Reads `host:port`, `[address]:port` or a host alone. Null for anything that is no IP address and no host name (RFC 1123, and
 * `_`): names out of logs may be anybody's.
 */
export function parseCaptureTarget(text: string): CaptureTarget | null {
  const [, bracketed, plain, digits] = FORM.exec(text) ?? []
  const host = bracketed ?? plain ?? (isIP(text) === 6 ? text : undefined)
  const port = digits === undefined ? null : Number(digits)
  if (host === undefined || (port !== null && (port < 1 || port > 65_535))) return null
  if (bracketed !== undefined ? isIP(bracketed) !== 6 : isIP(host) === 0 && !isHostName(host)) return null
  return { name: text, host, port }
}

const FORM = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([^\s:[\]]{1,253}))(?::(\d{1,5}))?$/
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i

/** The last part of a name has a letter: else it is an address that is none. */
function isHostName(host: string): boolean {
  const labels = host.replace(/\.$/, '').split('.')
  return labels.every((label) => LABEL.test(label)) && /[a-z]/i.test(labels[labels.length - 1])
}
