import { type EventView, Field, Role } from '../../event-view.js'
import type { Redactor } from '../../redact/redactor.js'
import type { LineBytes } from './line-bytes.js'

/**
 * Writes the line of an event up to its last `]`, with what must not leave hidden, so that it gives the same documents as
 * the line itself: the API key as its hash, the url without its query or with a masked one, host, message and error text
 * by the rules for documents. What is harmless is copied byte for byte. Writing the result again changes nothing.
 */
export function writeRedactedEvent(view: EventView, redactor: Redactor, out: LineBytes): void {
  const { bytes, start, end } = view
  const clientId = view.knownText(Field.clientId)
  let from = start[Field.timestamp]
  from = put(Field.host, view.knownText(Field.host), redactor.host(view.knownText(Field.host), clientId))
  const url = view.text(Field.url)
  const shippedUrl = url === null ? null : closedUrl(url, redactor.urlField(url, clientId))
  from = put(Field.url, url, shippedUrl)
  const isOpen = view.uncertain.length > 0 && redactor.settings.clientId !== 'show'
  from = put(Field.clientId, clientId, isOpen ? openKey(view, shippedUrl) : redactor.clientKey(clientId))
  if (view.role === Role.other || view.role === Role.client) {
    const message = view.text(Field.message)
    from = put(Field.message, message, redactor.text(message, clientId))
  }
  const error = view.knownText(Field.errorMessage)
  from = put(Field.errorMessage, error, redactor.text(error, clientId))
  out.copy(bytes, from, end[Field.timeTaken])

  function put(field: number, text: string | null, redacted: string | null): number {
    if (text === redacted) return from
    out.copy(bytes, from, start[field])
    out.text(redacted ?? '')
    return end[field]
  }
}

/** The same, with what follows in its line. */
export function writeRedactedLine(view: EventView, redactor: Redactor, out: LineBytes): void {
  writeRedactedEvent(view, redactor, out)
  const { bytes } = view
  const from = view.end[Field.timeTaken]
  const newline = bytes.indexOf(NEWLINE, from)
  out.copy(bytes, from, newline < 0 ? bytes.length : newline)
}

const NEWLINE = 0x0a

/**
 * A url that has lost its end must not look like an empty one, whose path is none, nor must its last piece pass for a
 * client address: a mark of a fragment without one stands there, and belongs to no path.
 */
function closedUrl(url: string, redacted: string | null): string {
  return redacted === null || (redacted !== url && redacted.includes('][')) ? `${redacted ?? ''}#` : redacted
}

/**
 * Where a line can be read in more than one way, the key is nobody's. What stands for it leaves the line open in the same
 * way (`Addresses` in parse/split-hostile.ts): another piece that may be an empty address, so placed that the one before
 * is taken again. It is no text that would be looked for in others, as an API key is.
 */
function openKey(view: EventView, url: string | null): string {
  if (!view.isEmpty(Field.clientIp)) return '][*'
  // A blank piece of the url behind its first one is such an address too, and then the last one is taken.
  return `${url ?? ''}][`.includes('][][') ? '*' : '][:*:][:*:'
}
