import { maskAddresses, maskUnmatchedUrl } from './addresses.js'
import { MASK, MIN_KEY_LENGTH } from './mask.js'
import { maskPairs } from './pairs.js'

/**
 * Masks what looks like a secret inside free text: messages, debug dumps, plain lines. It errs on the side of masking.
 * Where secrets sit in the gateway's logs: headers dumped at debug, `installed plugin … subconfig={…}`, the oauth
 * plugin's `apiKey:…`, error texts that quote a token or a url.
 */
export function redactText(text: string, ownKey: string | null = null): string {
  if (SAFE_TEXTS.has(text)) return text
  const unowned = ownKey !== null && ownKey.length >= MIN_KEY_LENGTH ? text.replaceAll(ownKey, MASK) : text
  const cut = unowned.length > MAX_TEXT_LENGTH ? `${unowned.slice(0, MAX_TEXT_LENGTH)}…` : unowned
  const masked = maskConfiguration(maskUnmatchedUrl(cut).replace(PEM, MASK))
    .replace(SCHEME_TOKEN, (_, scheme: string) => `${scheme} ${MASK}`)
    .replace(JSON_WEB_TOKEN, MASK)
  // Before, because a query may look like the end of a value; behind, because a value may have parted a word.
  return maskAddresses(maskPairs(maskAddresses(masked)))
}

/** Longer free text is cut: it tells nothing more, and bounds the work that hostile text can cause. */
const MAX_TEXT_LENGTH = 65_536

const SAFE_TEXTS = new Set([
  'socket hang up',
  'read ECONNRESET',
  'write EPIPE',
  'write ECONNRESET',
  'aborted',
  'no match found',
  'SpikeArrest engaged',
  'Gateway timed out trying to reach target',
  'source request failed.',
])

const PEM = /-----BEGIN [^-]{1,64}-----[\s\S]*?(?:-----END [^-]{1,64}-----|$)/g
const CONFIGURATION = /\b(?:subconfig|config|headers?)=\{/
const SCHEME_TOKEN = /\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]{4,}/gi
const JSON_WEB_TOKEN = /\beyJ[\w-]{4,}(?:\.[\w-]*){0,4}/g

/** From the first brace behind such a name to the last one of the text, or to its end where it was cut. */
function maskConfiguration(text: string): string {
  const found = CONFIGURATION.exec(text)
  if (found === null) return text
  const from = found.index + found[0].length
  const to = text.lastIndexOf('}')
  return `${text.slice(0, from)}${MASK}${to < from ? '}' : text.slice(to)}`
}

const KNOWN_COMPONENTS = new Set(['plugins-middleware', 'microgateway-core', 'microgateway'])
const LEVELS = new Set(['info', 'warn', 'error', 'debug', 'trace'])
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z(?: |$)/
const HARMLESS_PIECE =
  /^(?:|\d{1,3}|GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|E(?:CONN|ADDR|HOST|NET|NOT|PIPE|TIMED|PROTO|AI_)[A-Z]{0,16}|target(?:Request|Response)(?: error| aborted| close)?|source(?:Request|Response))$/

/**
 * Masks a line that could not be parsed, so nobody knows which of its pieces is the API key: of a bracketed line only
 * pieces stay that can hold no secret. API keys may look like correlation ids, so an id stays only before a component.
 */
export function redactRejected(text: string): string {
  const cut = text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text
  if (!/[[\]]/.test(cut)) return redactText(cut)
  return cut.replace(/[^[\]]+/g, (piece, at: number) => {
    if (HARMLESS_PIECE.test(piece) || LEVELS.has(piece) || KNOWN_COMPONENTS.has(piece) || SAFE_TEXTS.has(piece)) {
      return piece
    }
    // A line whose start is torn off may begin in the middle of a key.
    if (at === 0) return TIME.test(piece) ? redactText(piece.slice(0, 64)) : MASK
    if (UUID.test(piece)) return KNOWN_COMPONENTS.has(pieceBehind(cut, at + piece.length)) ? piece : MASK
    return piece.trim() === '' ? piece : MASK
  })
}

function pieceBehind(text: string, at: number): string {
  return /^\]\s*\[([^[\]]*)\]/.exec(text.slice(at, at + 64))?.[1] ?? ''
}
