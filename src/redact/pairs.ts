import { closingQuote, MASK } from './mask.js'

/**
 * Masks the values of names that are a secret's. A value is passed over only there: in any other value names and
 * secrets may stand again.
 */
export function maskPairs(text: string): string {
  let masked = ''
  let from = 0
  NAME.lastIndex = 0
  for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
    const [all, name, separator] = found
    if (!isSecretName(name)) continue
    const quoteBefore = QUOTE_BEFORE.exec(text.slice(Math.max(0, found.index - 8), found.index))?.[0] ?? ''
    if (separator === undefined && quoteBefore === '') continue
    const start = found.index + all.length
    const isNameQuoted = /^[\\"']/.test(all.slice(name.length))
    const end = endOfValue(text, start, name, isNameQuoted ? '' : quoteBefore)
    if (end === start) continue
    const opening = OPENING.exec(text.slice(start, end))?.[0] ?? ''
    masked += `${text.slice(from, start)}${opening}${MASK}${CLOSING[opening] ?? opening}`
    from = end
    NAME.lastIndex = end
  }
  return masked + text.slice(from)
}

/** Whether a value of this name is taken for a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/**
 * `name=`, `name: `, `name => `, `"name":`, also with the backslashes of JSON inside JSON, `x[name]=`; or a name as an
 * item of a list before the item that is its value. A name begins where no name's character stands before it, so each
 * one is looked at once.
 */
const NAME = /(?<![\w-])([\w-]+)(?:\\*["']?\]?\s{0,32}([:=]{1,2}>?)\s{0,32}|\\*["']\s{0,32},\s{0,32}(?=\\*["']))/g
const SECRET_NAME =
  /key$|^key|apikey|api[-_]key|token|secret|passw|passphrase|passwd|pwd|authorization|cookie|credential|session|signature|jwt|bearer|client[-_]?id|assertion|otp$/i
const QUOTE_BEFORE = /\\*["']$/
const OPENING = /^(?:\\*"|['[{])/
const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}' }

/** Headers whose value is the rest of their line: a scheme and its parameters, many pairs. */
const LINE_NAME = /authorization|cookie/i
/** Names whose value may be several words. */
const PHRASE_NAME = /passw|phrase|pwd|secret|credential/i

/** A text in quotes (in JSON inside JSON up to a quote with as many backslashes), a list or an object with what sticks to it. */
const ENCLOSED =
  /(\\+)"[\s\S]*?(?:(?<!\\)\1"|$)|"(?:[^"\\]|\\[\s\S])*"?|'[^']*'?|(?:\[[^\]]*\]?|\{[^}]*\}?)[^\s,;&\]}]*/y
/** A word, with the scheme that says what sort of token it is. */
const TOKEN = /(?:(?:Token|Bearer|Basic|Digest|Negotiate|ApiKey|Key|JWT|OAuth)[^\S\n]{1,8})?[^\s,;&\]}]+/iy
/** To the end of the clause, of the line, or of the quoted text around it. */
const PHRASE = /(?:[^\n,;&\]}"']|["'](?!\s{0,2}(?:[,:)}\]]|$)))+/y
const NEXT_PAIR = /\s[\w.-]+=/
/** Not a value but the reason why there is none (`cannot fetch the key: connect ECONNREFUSED 10.0.0.9:8080`). */
const REASON =
  /(?:(?:connect|getaddrinfo|read|write|listen|bind|open) E(?:CONN|ADDR|HOST|NET|NOT|NOENT|ACCES|PIPE|TIMED|PROTO|AI_)[A-Z]{0,16}|socket hang up)(?!\w)/y

function endOfValue(text: string, start: number, name: string, quoteAround: string): number {
  if (endOfMatch(REASON, text, start) > start) return start
  const enclosedEnd = endOfMatch(ENCLOSED, text, start)
  if (LINE_NAME.test(name)) {
    const isWhole = enclosedEnd > start && (enclosedEnd === text.length || /[\s,:)}\]]/.test(text[enclosedEnd]))
    return isWhole ? enclosedEnd : endOfLine(text, start, quoteAround)
  }
  if (PHRASE_NAME.test(name)) return endOfPhrase(text, enclosedEnd)
  return enclosedEnd > start ? enclosedEnd : endOfMatch(TOKEN, text, start)
}

/** Where a sticky expression's match at `start` ends; `start` where it does not match. */
function endOfMatch(expression: RegExp, text: string, start: number): number {
  expression.lastIndex = start
  return expression.test(text) ? expression.lastIndex : start
}

function endOfLine(text: string, start: number, quoteAround: string): number {
  const lineEnd = text.indexOf('\n', start)
  const end = lineEnd < 0 ? text.length : lineEnd
  if (quoteAround === '') return end
  const quote = closingQuote(text.slice(0, end), quoteAround, start)
  return quote < 0 ? end : quote
}

function endOfPhrase(text: string, start: number): number {
  const phrase = text.slice(start, endOfMatch(PHRASE, text, start))
  const nextPair = phrase.search(NEXT_PAIR)
  return start + (nextPair < 0 ? phrase : phrase.slice(0, nextPair)).trimEnd().length
}
