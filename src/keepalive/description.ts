import { parseDuration } from '../config/units.js'
import { SERVER_FORMATS, type ServerFormat } from './files/server-file.js'
import { type Idle, idleFor, NEVER } from './idle.js'
import { type KnownServer, knownServer } from './known-servers.js'

/** What somebody says of a hop, as far as the text alone tells. */
export type Description =
  | { readonly kind: 'time'; readonly idle: Idle }
  /** A server as it comes, or with another idle time. */
  | { readonly kind: 'server'; readonly server: KnownServer; readonly idle: Idle | null }
  | { readonly kind: 'file'; readonly format: ServerFormat; readonly path: string }

/** How a hop may be described, for messages. */
export const DESCRIPTION_FORMS = 'a time (5s, never), a known name (tomcat), both (tomcat=60s), or a file (nginx:PATH)'

/**
 * Reads `5s`, `never`, `tomcat`, `tomcat=60s` or `nginx:/etc/nginx/nginx.conf`; null for anything else.
 */
export function parseDescription(text: string): Description | null {
  const time = parseIdle(text)
  if (time !== null) return { kind: 'time', idle: time }
  const format = SERVER_FORMATS.find((each) => text.startsWith(`${each}:`) && text.length > each.length + 1)
  if (format !== undefined) return { kind: 'file', format, path: text.slice(format.length + 1) }
  const [name, ...rest] = text.split('=')
  const server = knownServer(name)
  if (server === undefined) return null
  if (rest.length === 0) return { kind: 'server', server, idle: null }
  const idle = parseIdle(rest.join('='))
  return idle === null ? null : { kind: 'server', server, idle }
}

/** Reads `HOST:PORT=WHAT`; null for anything else. */
export function parseTargetDescription(text: string): { readonly target: string; readonly what: Description } | null {
  const cut = text.indexOf('=')
  const target = text.slice(0, cut)
  const what = parseDescription(text.slice(cut + 1))
  return cut > 0 && /^[^\s=]+:\d{1,5}$/.test(target) && what !== null ? { target, what } : null
}

function parseIdle(text: string): Idle | null {
  if (text === 'never') return NEVER
  const ms = parseDuration(text)
  return ms === null ? null : idleFor(ms)
}
