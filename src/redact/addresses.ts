import { closingQuote, MASK } from './mask.js'

/** Masks queries and user info of urls, paths and hosts inside a text; each pass looks at every character once. */
export function maskAddresses(text: string): string {
  return MAY_HOLD_ADDRESS.test(text)
    ? text
        .replace(WORD, (word) => maskEncodedQuery(maskQueries(word)))
        .replace(UNQUOTED_WORD, (word) => (word.includes('@') ? maskUserInfo(word) : word))
    : text
}

const MAY_HOLD_ADDRESS = /[?@%]/
const WORD = /\S+/g
const UNQUOTED_WORD = /[^\s"]+/g

/** The url that found no proxy is the rest of its text, whatever stands in it (`no match found for /a?b=c d`). */
export function maskUnmatchedUrl(text: string): string {
  const found = text.indexOf(NO_MATCH)
  if (found < 0) return text
  const from = found + NO_MATCH.length
  const url = text.slice(from)
  const at = url.search(/[?#]/)
  const isMasked = at < 0 || at === url.length - 1
  return `${text.slice(0, from)}${maskEncodedQuery(isMasked ? url : `${url.slice(0, at + 1)}${MASK}`)}`
}

const NO_MATCH = 'no match found for '

/** A query or fragment whose `?` or `#` was encoded belongs to the path, but its values are no less secret. */
export function maskEncodedQuery(path: string): string {
  const at = path.search(ENCODED_START)
  return at >= 0 && PAIR.test(path.slice(at)) ? `${path.slice(0, at + 3)}${MASK}` : path
}

const ENCODED_START = /%3f|%23/i
const PAIR = /=|%3d/i

/** From each `?` of a path, or with pairs behind it, to the quote that ends the url, or to the end of the word. */
function maskQueries(word: string): string {
  let masked = ''
  let from = 0
  for (let at = word.indexOf('?'); at >= 0; at = word.indexOf('?', from)) {
    const before = word.slice(from, at)
    const quote = LAST_QUOTE.exec(before)?.[0]
    const closing = quote === undefined ? -1 : closingQuote(word, quote, at + 1)
    const end = closing < 0 ? word.length : closing
    const query = word.slice(at + 1, end)
    const isQuery = !PUNCTUATION.test(query) && (before === '' || before.includes('/') || PAIR.test(query))
    masked += `${before}?${isQuery ? MASK : query}`
    from = end
  }
  return masked + word.slice(from)
}

const LAST_QUOTE = /(?<!\\)\\*["'](?=[^"']*$)/
/** What may follow the mark of a question. */
const PUNCTUATION = /^[?!.,:;"'\\)}\]>]*$/

/**
 * What stands before an `@` is user info behind a scheme, or with a colon that does not begin a port; it may hold `/`
 * (`redis://us/er:password@host`), and `@` itself.
 */
function maskUserInfo(word: string): string {
  const parts = word.split('@')
  const host = parts.pop() ?? ''
  let isInside = false
  let masked = ''
  for (const part of parts) {
    const from = startOfUserInfo(part, isInside)
    isInside = from >= 0
    masked += `${isInside ? `${part.slice(0, from)}${MASK}` : part}@`
  }
  return masked + host
}

function startOfUserInfo(text: string, isInside: boolean): number {
  const slash = text.lastIndexOf('/')
  if (slash > 0 && (text[slash - 1] === ':' || (text[slash - 1] === '/' && text[slash - 2] === ':'))) return slash + 1
  const colon = text.search(COLON_OF_PASSWORD)
  if (colon >= 0) return text.lastIndexOf('/', colon) + 1
  return isInside && !/[/,;]/.test(text) ? 0 : -1
}

const COLON_OF_PASSWORD = /:(?!\/|\d{1,5}[/,;)])/
