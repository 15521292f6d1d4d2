import { type Idle, idleFor, NO_REUSE, UNKNOWN } from '../idle.js'
import { type Block, type Directive, parseNginxBlocks } from './nginx-blocks.js'
import {
  faultIn,
  type Include,
  portOf,
  type ServerFile,
  type ServerSetting,
  type SourceText,
  wholeNumber,
  withLimit,
} from './server-file.js'

const DEFAULT_SERVER_MS = 75_000
const DEFAULT_UPSTREAM_MS = 60_000
const DEFAULT_REQUESTS = 1000

/**
 * Reads nginx's `keepalive_timeout` and `keepalive_requests` of each server, with those of its locations, and of each
 * upstream. Throws `ConfigError` with file and line.
 */
export function parseNginx(source: SourceText, include: Include): ServerFile {
  const root = parseNginxBlocks(source, include)
  const http = root.blocks.filter(({ name }) => name === 'http')
  // A file that others include has servers without a section around them.
  const sections = http.length > 0 ? http : [root]
  return {
    format: 'nginx',
    file: source.file,
    receives: sections.flatMap((section) => receiving(section)),
    sends: sections.flatMap(({ blocks }) => blocks.filter(({ name }) => name === 'upstream').map(sending)),
  }
}

interface Inherited {
  readonly timeout: Directive | undefined
  readonly requests: Directive | undefined
}

function inherit(block: Block, { timeout, requests }: Inherited): Inherited {
  return {
    timeout: last(block, 'keepalive_timeout') ?? timeout,
    requests: last(block, 'keepalive_requests') ?? requests,
  }
}

function receiving(section: Block): readonly ServerSetting[] {
  const outer = inherit(section, { timeout: undefined, requests: undefined })
  const servers = section.blocks.filter(({ name }) => name === 'server')
  if (servers.length === 0) return [settingOf(outer, section.file, new Set())]
  return servers.flatMap((server) => {
    const ports = portsOf(server)
    const inner = inherit(server, outer)
    const places = locationsOf(server, inner).filter(
      ({ timeout, requests }) => timeout !== inner.timeout || requests !== inner.requests,
    )
    return [inner, ...places].map((each) => settingOf(each, server.file, ports))
  })
}

function locationsOf(block: Block, around: Inherited): readonly Inherited[] {
  return block.blocks
    .filter(({ name }) => name === 'location' || name === 'if')
    .flatMap((inner) => {
      const own = inherit(inner, around)
      return [own, ...locationsOf(inner, own)]
    })
}

function settingOf({ timeout, requests }: Inherited, file: string, ports: ReadonlySet<number>): ServerSetting {
  const maxRequests = requests === undefined ? DEFAULT_REQUESTS : countOf(requests)
  const idle = timeout === undefined ? idleFor(DEFAULT_SERVER_MS) : timeOf(timeout)
  return {
    file: timeout?.file ?? file,
    line: timeout?.line ?? null,
    ports,
    idle: withLimit(maxRequests === 0 ? NO_REUSE : idle, maxRequests),
    maxRequests,
  }
}

function sending(upstream: Block): ServerSetting {
  const keepalive = last(upstream, 'keepalive')
  const timeout = last(upstream, 'keepalive_timeout')
  const servers = upstream.directives.filter(({ name }) => name === 'server')
  const ports = new Set(servers.map(({ args: [address = ''] }) => portOf(address) ?? 80))
  const { file, line } = timeout ?? keepalive ?? upstream
  if (keepalive === undefined) {
    const why = 'the upstream has no keepalive: no connection is used again before nginx 1.29.7, since then after 60 s'
    return { file, line, ports, idle: UNKNOWN, maxRequests: null, why }
  }
  const idle = timeout === undefined ? idleFor(DEFAULT_UPSTREAM_MS) : timeOf(timeout)
  return { file, line, ports, idle: countOf(keepalive) === 0 ? NO_REUSE : idle, maxRequests: null }
}

function portsOf(server: Block): ReadonlySet<number> {
  const listens = server.directives.filter(({ name }) => name === 'listen')
  if (listens.length === 0) return new Set([80])
  const addresses = listens.map(({ args: [address = ''] }) => address).filter((address) => !address.startsWith('unix:'))
  return new Set(addresses.map((address) => portOf(address) ?? 80))
}

function last(block: Block, name: string): Directive | undefined {
  return block.directives.findLast((each) => each.name === name)
}

function countOf(directive: Directive): number {
  const count = wholeNumber(directive.args[0] ?? '')
  if (count === null) throw faultIn('nginx', directive, `${directive.name} is not a whole number`)
  return count
}

function timeOf(directive: Directive): Idle {
  const ms = parseNginxTime(directive.args[0] ?? '')
  if (ms === null) throw faultIn('nginx', directive, `${directive.name} is not a time`)
  return ms === 0 ? NO_REUSE : idleFor(ms)
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
}

/** Milliseconds of `75`, `75s`, `1h30m` or `1h 30m`; null for anything else (nginx.org, Configuration file measurement units). */
export function parseNginxTime(text: string): number | null {
  let [totalMs, read] = [0, 0]
  for (const [part, number, unit] of text.matchAll(/(\d{1,12})(ms|[smhdwMy]|(?!.)) */gy)) {
    totalMs += Number(number) * UNITS_MS[unit === '' ? 's' : unit]
    read += part.length
  }
  return read > 0 && read === text.length ? totalMs : null
}
