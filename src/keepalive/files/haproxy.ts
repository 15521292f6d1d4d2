import { type Idle, idleFor, NEVER, NO_REUSE, UNKNOWN } from '../idle.js'
import { type FilePlace, faultIn, portOf, type ServerFile, type ServerSetting, type SourceText } from './server-file.js'
import { splitWords } from './words.js'

/**
 * Reads HAProxy's `timeout http-keep-alive`, else `timeout http-request`, else `timeout client`, of each frontend and
 * listen section, and whether connections to servers are kept. Throws `ConfigError` with file and line.
 */
export function parseHaproxy({ file, text }: SourceText): ServerFile {
  const sections = sectionsOf(linesOf(text, file), file)
  return {
    format: 'haproxy',
    file,
    receives: sections.filter(({ kind }) => kind === 'frontend' || kind === 'listen').map(receiving),
    sends: sections.filter(({ kind }) => kind === 'backend' || kind === 'listen').map(sending),
  }
}

interface Line extends FilePlace {
  readonly line: number
  readonly words: readonly string[]
}

interface Section extends FilePlace {
  readonly kind: string
  /** What is set, by its words: of the section, else of the `defaults` before it. */
  readonly settings: Map<string, Line>
  readonly listens: Set<number>
  readonly servers: Set<number>
}

const SECTIONS = new Set(
  'global defaults frontend listen backend userlist peers resolvers mailers program cache ring http-errors fcgi-app log-forward log-profile crt-store traces acme'.split(
    ' ',
  ),
)

/** The only ones that are kept, so that what sections take from each other stays small. */
const SETTINGS = new Set([
  'mode',
  'timeout http-keep-alive',
  'timeout http-request',
  'timeout client',
  'option httpclose',
  'option forceclose',
  'option http-server-close',
])

function sectionsOf(lines: readonly Line[], file: string): readonly Section[] {
  const sections: Section[] = []
  const named = new Map<string, Section['settings']>()
  let defaults: Section['settings'] = new Map()
  for (const line of lines) {
    const [kind, ...names] = line.words
    if (SECTIONS.has(kind)) {
      const from = names.indexOf('from')
      const base = from !== -1 ? named.get(names[from + 1] ?? '') : kind === 'defaults' ? new Map() : defaults
      const section = {
        kind,
        file,
        line: line.line,
        settings: new Map(base),
        listens: new Set<number>(),
        servers: new Set<number>(),
      }
      if (kind === 'defaults') {
        defaults = section.settings
        named.set(names[0] ?? '', defaults)
      }
      sections.push(section)
      // Until HAProxy 1.8 an address could follow the name.
      if (names[1]?.includes(':')) addLine(section, ['bind', names[1]], line)
    } else if (sections.length > 0) addLine(sections[sections.length - 1], line.words, line)
    else if (!kind.startsWith('.')) throw faultIn('haproxy', line, 'stands before the first section')
  }
  if (sections.length === 0) throw faultIn('haproxy', { file, line: 1 }, 'holds no section')
  return sections
}

function addLine(
  { settings, listens, servers }: Section,
  [first, second = '', third = '']: readonly string[],
  line: Line,
): void {
  const ports = (addresses: string): readonly number[] =>
    addresses
      .split(',')
      .map(portOf)
      .filter((port) => port !== null)
  if (first === 'bind') for (const port of ports(second)) listens.add(port)
  else if (first === 'server') for (const port of ports(third)) servers.add(port)
  else if (first === 'no') settings.delete(`${second} ${third}`)
  else {
    const key = first === 'mode' ? first : `${first} ${second}`
    if (SETTINGS.has(key)) settings.set(key, line)
  }
}

function receiving({ settings, listens, ...section }: Section): ServerSetting {
  const isHttp = settings.get('mode')?.words[1] === 'http'
  const timeout =
    (isHttp ? (settings.get('timeout http-keep-alive') ?? settings.get('timeout http-request')) : undefined) ??
    settings.get('timeout client')
  const closing = isHttp ? (settings.get('option httpclose') ?? settings.get('option forceclose')) : undefined
  const { file, line } = closing ?? timeout ?? section
  const idle = closing === undefined ? (timeout === undefined ? NEVER : timeOf(timeout)) : NO_REUSE
  const why = idle.kind === 'unknown' ? { why: 'the time comes from a variable' } : {}
  return { file, line, ports: listens, idle, maxRequests: null, ...why }
}

function sending({ settings, servers, ...section }: Section): ServerSetting {
  const closing =
    settings.get('option httpclose') ?? settings.get('option forceclose') ?? settings.get('option http-server-close')
  const { file, line } = closing ?? section
  const idle = closing === undefined ? { idle: UNKNOWN, why: POOL } : { idle: NO_REUSE }
  return { file, line, ports: servers, maxRequests: null, ...idle }
}

const POOL = 'HAProxy has no idle time for its connections to servers: it purges some of them now and then'

const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function timeOf(line: Line): Idle {
  const text = line.words[2] ?? ''
  if (text.includes('$')) return UNKNOWN
  const [, number, unit] = /^(\d{1,12})(us|ms|[smhd])?$/.exec(text) ?? []
  if (number === undefined) throw faultIn('haproxy', line, `timeout ${line.words[1]} is not a time`)
  const ms = Number(number) * UNITS_MS[unit ?? 'ms']
  // 0 is no timeout (configuration manual, 4.2).
  return ms === 0 ? NEVER : idleFor(ms)
}

/** Lines that say something. */
function linesOf(text: string, file: string): readonly Line[] {
  return text.split('\n').flatMap((content, index) => {
    const line = index + 1
    const { words, isClosed } = splitWords(content)
    if (!isClosed) throw faultIn('haproxy', { file, line }, 'a quote is not closed')
    return words.length === 0 ? [] : [{ file, line, words }]
  })
}
