/**
 * Masks what looks like a secret inside free text: messages, debug dumps, plain lines. It errs on the side of masking.
 * Where secrets sit in the gateway's logs: headers dumped at debug, `installed plugin … subconfig={…}`, the oauth
 * plugin's `apiKey:…`, error texts that quote a token or a url.
 */
export function redactText(text: string, ownKey: string | null = null): string {
  if (SAFE_TEXTS.has(text)) return text
  let masked = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text
  if (ownKey !== null && ownKey.length >= MIN_KEY_LENGTH) masked = masked.replaceAll(ownKey, MASK)
  masked = maskConfiguration(masked.replace(PEM, MASK))
    .replace(USER_INFO, (_, scheme: string) => `${scheme}${MASK}@`)
    .replace(SCHEME_TOKEN, (_, scheme: string) => `${scheme} ${MASK}`)
    .replace(JSON_WEB_TOKEN, MASK)
    .replace(QUERY, (query) => (query.includes('=') ? `?${MASK}` : query))
  return maskPairs(masked)
}

export const MASK = '***'

/** Longer free text is cut: it tells nothing more, and bounds the work that hostile text can cause. */
const MAX_TEXT_LENGTH = 65_536
/** A shorter API key is not looked for in other texts: it would be found in every one. */
export const MIN_KEY_LENGTH = 4

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
const USER_INFO = /\b([a-z][a-z0-9+.-]{0,31}:\/{1,2})[^\s/?#@[\]]{1,512}@/gi
const SCHEME_TOKEN = /\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]{4,}/gi
const JSON_WEB_TOKEN = /\beyJ[\w-]{4,}(?:\.[\w-]*){0,4}/g
const QUERY = /\?[^\s"'<>\]]+/g
/** From the first brace behind such a name to the last one of the text, or to its end where it was cut. */
function maskConfiguration(text: string): string {
  const found = CONFIGURATION.exec(text)
  if (found === null) return text
  const from = found.index + found[0].length
  const to = text.lastIndexOf('}')
  return `${text.slice(0, from)}${MASK}${to < from ? '}' : text.slice(to)}`
}

/**
 * `name=`, `name: `, `"name":`, also with the backslashes of JSON inside JSON. A name begins where no name's character
 * stands before it, so each one is looked at once.
 */
const NAME = /(?<![\w-])([\w-]+)\\*["']?\s{0,2}[:=]\s{0,2}/g
/** A text in quotes (in JSON inside JSON up to a quote with as many backslashes), a list or an object with what sticks to it, or a word. */
const VALUE =
  /(\\+)"[\s\S]*?(?:(?<!\\)\1"|$)|"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?|(?:\[[^\]]*\]?|\{[^}]*\}?)[^\s,;&\]}]*|[^\s,;&\]}]+/y
const OPENING_QUOTE = /^(?:\\*"|')/
const SECRET_NAME =
  /key$|^key|apikey|api[-_]key|token|secret|passw|passphrase|passwd|pwd|authorization|cookie|credential|session|signature|jwt|bearer|client[-_]?id|assertion|otp$/i

/** A value is passed over only where its name is a secret's: in any other value names and secrets may stand again. */
function maskPairs(text: string): string {
  let masked = ''
  let from = 0
  NAME.lastIndex = 0
  for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
    if (!SECRET_NAME.test(found[1])) continue
    VALUE.lastIndex = NAME.lastIndex
    const value = VALUE.exec(text)?.[0]
    if (value === undefined) continue
    const quote = OPENING_QUOTE.exec(value)?.[0] ?? ''
    masked += `${text.slice(from, NAME.lastIndex)}${quote}${MASK}${quote}`
    from = NAME.lastIndex + value.length
    NAME.lastIndex = from
  }
  return masked + text.slice(from)
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
