import { maskEncodedQuery } from './addresses.js'
import { MASK, MIN_KEY_LENGTH } from './mask.js'
import { redactText } from './text.js'

export type QueryMode = 'drop' | 'mask' | 'show'

export interface RedactedUrl {
  /** With its leading `/`; no query, no fragment, no user info. Null where the gateway logged no url. */
  readonly path: string | null
  /** Null where there is none or it is dropped. */
  readonly query: string | null
}

/** Scheme and authority of an absolute-form request target; the gateway's log takes the first slash out of it. */
const AUTHORITY = /^[a-z][a-z0-9+.-]{0,31}:\/{1,2}[^/?#]*/i

/** The url field as logged (the request's url less its first `/`) → path and query for documents. */
export function redactUrl(url: string | null, mode: QueryMode, ownKey: string | null): RedactedUrl {
  if (url === null) return { path: null, query: null }
  const { before, query } = splitQuery(url)
  const path = before.replace(AUTHORITY, '')
  return { path: redactPath(path.startsWith('/') ? path : `/${path}`, ownKey), query: redactQuery(query, mode) }
}

/** The url field as logged → the same field without what must not leave: all but the query stays where it is harmless. */
export function redactUrlField(url: string, mode: QueryMode, ownKey: string | null): string {
  const { before, query } = splitQuery(url)
  const redacted = redactQuery(query, mode)
  const path = redactPath(before, ownKey)
  if (redacted !== null) return `${path}?${redacted}`
  return query === null ? `${path}${ANCHOR.exec(url)?.[0] ?? ''}` : path
}

/** The name of a place in a page: letters alone, and few. Any other fragment may be an implicit grant's tokens. */
const ANCHOR = /#[a-z]{1,16}$/i

/** The fragment, wherever it begins, is in neither part. */
function splitQuery(url: string): { readonly before: string; readonly query: string | null } {
  const fragment = url.indexOf('#')
  const whole = fragment < 0 ? url : url.slice(0, fragment)
  const at = whole.indexOf('?')
  return at < 0 ? { before: whole, query: null } : { before: whole.slice(0, at), query: whole.slice(at + 1) }
}

/** The base path of a proxy, as it stands in the url. It ends where an encoded query begins; null where nothing is left. */
export function redactBasePath(path: string, ownKey: string | null): string | null {
  const query = path.search(/%3f/i)
  return redactPath(query < 0 ? path : path.slice(0, query), ownKey) || null
}

function redactPath(path: string, ownKey: string | null): string {
  const needsLook = path.includes('eyJ') || path.includes('@') || path.includes('=') || path.includes('%3')
  const masked = needsLook ? redactText(maskEncodedQuery(path), ownKey) : path
  return ownKey !== null && ownKey.length >= MIN_KEY_LENGTH ? masked.replaceAll(ownKey, MASK) : masked
}

function redactQuery(query: string | null, mode: QueryMode): string | null {
  if (query === null || mode === 'drop') return null
  if (mode === 'show') return query
  return query
    .split('&')
    .map((pair) => (pair.includes('=') ? `${pair.slice(0, pair.indexOf('='))}=${MASK}` : pair === '' ? '' : MASK))
    .join('&')
}
