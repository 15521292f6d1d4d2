import { type Idle, idleFor, NO_REUSE, UNKNOWN } from '../idle.js'
import {
  type FilePlace,
  faultIn,
  type Include,
  MAX_DEPTH,
  portOf,
  type ServerFile,
  type ServerSetting,
  type SourceText,
  wholeNumber,
} from './server-file.js'
import { splitWords } from './words.js'

const DEFAULT_TIMEOUT_MS = 5000
const DEFAULT_REQUESTS = 100

/**
 * Reads httpd's `KeepAlive`, `KeepAliveTimeout` and `MaxKeepAliveRequests` of the server and of each virtual host.
 * Other sections count as if they were not there. Throws `ConfigError` with file and line.
 */
export function parseApache(source: SourceText, include: Include): ServerFile {
  const server = new Host(new Set())
  const hosts: Host[] = []
  const reader = new Reader({ server, hosts, include })
  reader.read(source)
  return {
    format: 'apache',
    file: source.file,
    receives: [server.without(hosts), ...hosts].map((host) => host.setting(server, source.file)),
    sends: [],
  }
}

interface Statement extends FilePlace {
  readonly line: number
  /** In small letters: httpd does not mind which. */
  readonly name: string
  readonly args: readonly string[]
}

/** The main server, or a virtual host, which takes from the main server what it does not set. */
class Host {
  readonly #settings: Map<string, Statement>

  constructor(
    readonly ports: Set<number>,
    settings = new Map<string, Statement>(),
  ) {
    this.#settings = settings
  }

  set(statement: Statement): void {
    this.#settings.set(statement.name, statement)
  }

  /** The server for the ports that no virtual host has. */
  without(hosts: readonly Host[]): Host {
    const taken = new Set([...new Set(hosts.map(({ ports }) => ports))].flatMap((ports) => [...ports]))
    return new Host(new Set([...this.ports].filter((port) => !taken.has(port))), this.#settings)
  }

  setting(server: Host, file: string): ServerSetting {
    const find = (name: string): Statement | undefined => this.#settings.get(name) ?? server.#settings.get(name)
    const [keepAlive, timeout, requests] = [find('keepalive'), find('keepalivetimeout'), find('maxkeepaliverequests')]
    const isOff = keepAlive?.args[0]?.toLowerCase() === 'off'
    const { file: where, line } = (isOff ? keepAlive : timeout) ?? { file, line: null }
    const maxRequests = requests === undefined ? DEFAULT_REQUESTS : countOf(requests)
    const idle = isOff ? NO_REUSE : timeout === undefined ? idleFor(DEFAULT_TIMEOUT_MS) : timeOf(timeout)
    return {
      file: where,
      line,
      ports: this.ports,
      idle,
      // 0 is no limit; 1 lets a connection be used a second time all the same.
      maxRequests: maxRequests === 0 ? null : maxRequests,
      ...(idle.kind === 'unknown' ? { why: 'the time comes from a variable' } : {}),
    }
  }
}

interface ReaderParts {
  readonly server: Host
  readonly hosts: Host[]
  readonly include: Include
}

class Reader {
  readonly #open: Statement[] = []

  constructor(private readonly parts: ReaderParts) {}

  read(source: SourceText): void {
    const around = this.#open.length
    for (const statement of statementsOf(source)) this.#take(statement, around)
    const open = this.#open[this.#open.length - 1]
    if (this.#open.length > around) throw faultIn('apache', open, 'a section is not closed')
  }

  #take(statement: Statement, around: number): void {
    const { name, args } = statement
    const { server, hosts, include } = this.parts
    const isInHost = this.#open.some((each) => each.name === '<virtualhost')
    if (name.startsWith('</')) {
      if (this.#open.length === around || this.#open.pop()?.name !== `<${name.slice(2)}`) {
        throw faultIn('apache', statement, 'closes a section that is not open')
      }
    } else if (name.startsWith('<')) {
      if (this.#open.length >= MAX_DEPTH) throw faultIn('apache', statement, 'sections are nested too deeply')
      this.#open.push(statement)
      if (name === '<virtualhost') {
        const ports = args.map(portOf).filter((port) => port !== null)
        // Without a port it is for all that the server listens at, those that come later included.
        hosts.push(new Host(ports.length > 0 ? new Set(ports) : server.ports))
      }
    } else if (name === 'include' || name === 'includeoptional') {
      if (args[0] === undefined) throw faultIn('apache', statement, 'names no file')
      const mayBeAbsent = name === 'includeoptional'
      for (const source of include(args[0], statement, { mayBeAbsent })) this.read(source)
    } else if (name === 'listen' && !isInHost) {
      const port = portOf(args[0] ?? '')
      if (port !== null) server.ports.add(port)
    } else if (SETTINGS.has(name)) (isInHost ? hosts[hosts.length - 1] : server).set(statement)
  }
}

const SETTINGS = new Set(['keepalive', 'keepalivetimeout', 'maxkeepaliverequests'])

function countOf(statement: Statement): number {
  const count = wholeNumber(statement.args[0] ?? '')
  if (count === null) throw faultIn('apache', statement, 'MaxKeepAliveRequests is not a whole number')
  return count
}

/** Seconds, or milliseconds with `ms`. */
function timeOf(statement: Statement): Idle {
  const text = statement.args[0] ?? ''
  if (text.includes('$')) return UNKNOWN
  const [, number, unit] = /^(\d{1,12})(ms|s|min|h)?$/i.exec(text) ?? []
  if (number === undefined) throw faultIn('apache', statement, 'KeepAliveTimeout is not a time')
  const ms = Number(number) * UNITS_MS[unit?.toLowerCase() ?? 's']
  return ms === 0 ? NO_REUSE : idleFor(ms)
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 }

/** Statements of a file; a backslash at its end joins a line with the next one. */
function* statementsOf({ file, text }: SourceText): Generator<Statement> {
  let pending: string[] = []
  let first = 1
  const lines = text.split('\n')
  for (const [index, raw] of lines.entries()) {
    const content = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (pending.length === 0) first = index + 1
    const continues = content.endsWith('\\') && index < lines.length - 1
    pending.push(continues ? content.slice(0, -1) : content)
    if (continues) continue
    const words = wordsOf(pending.join(''))
    pending = []
    if (words.length === 0) continue
    const [name, ...args] = words
    yield { file, line: first, name: name.toLowerCase(), args }
  }
}

/** Words of a statement; `<Section a>` loses its `>`. */
function wordsOf(content: string): readonly string[] {
  const text = content.trim()
  return splitWords(text.startsWith('<') && text.endsWith('>') ? text.slice(0, -1) : text).words
}
