import { MASK, redactText } from './text.js'

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
  const path = before.replace(AUTHORITY, '').replace(/#.*$/s, '')
  return { path: redactPath(path.startsWith('/') ? path : `/${path}`, ownKey), query: redactQuery(query, mode) }
}

/** The url field as logged → the same field without what must not leave. */
export function redactUrlField(url: string, mode: QueryMode, ownKey: string | null): string {
  const { before, query } = splitQuery(url)
  const redacted = redactQuery(query, mode)
  const path = redactPath(before, ownKey)
  return redacted === null ? path : `${path}?${redacted}`
}

function splitQuery(url: string): { readonly before: string; readonly query: string | null } {
  const at = url.indexOf('?')
  if (at >= 0) return { before: url.slice(0, at), query: url.slice(at + 1) }
  // A fragment with pairs is an implicit grant's tokens.
  const fragment = url.indexOf('#')
  if (fragment >= 0 && url.includes('=', fragment)) return { before: url.slice(0, fragment), query: null }
  return { before: url, query: null }
}

/** A query whose `?` was encoded belongs to the path, but its values are no less secret. */
const ENCODED_QUERY = /%3f.*(?:%3d|=).*$/is

function redactPath(path: string, ownKey: string | null): string {
  const needsLook = path.includes('eyJ') || path.includes('@') || path.includes('=') || path.includes('%3')
  const masked = needsLook ? redactText(path.replace(ENCODED_QUERY, `%3F${MASK}`), ownKey) : path
  return ownKey !== null && ownKey.length >= 4 ? masked.replaceAll(ownKey, MASK) : masked
}

function redactQuery(query: string | null, mode: QueryMode): string | null {
  if (query === null || mode === 'drop') return null
  if (mode === 'show') return query
  return query
    .split('&')
    .map((pair) => (pair.includes('=') ? `${pair.slice(0, pair.indexOf('='))}=${MASK}` : pair === '' ? '' : MASK))
    .join('&')
}
