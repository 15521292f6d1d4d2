import type { GatewayConnections } from '../config/gateway-connections.js'
import { NODE_KEEP_ALIVE_MS } from './chain.js'
import { ceilingOf, type Hop } from './hop.js'
import { formatMs } from './idle.js'

/** One thing to change. */
export interface Change {
  /** In a sentence, with its numbers. */
  readonly what: string
  /** The file to edit; null: it is not the gateway's. */
  readonly file: string | null
  /** What must stand in the file, as it is written there. */
  readonly lines: readonly string[]
}

export interface ChangeParts {
  readonly gateway: GatewayConnections
  /** Of the name that the plugin has, or would have. */
  readonly plugin: { readonly name: string }
  readonly marginMs: number
}

/** What would put the chain right. Nothing is said where what it takes is not known. */
export function changesOf(hops: readonly Hop[], { gateway, plugin, marginMs }: ChangeParts): readonly Change[] {
  const wrong = hops.filter(({ verdict }) => verdict === 'wrong')
  const toGateway = wrong.filter(({ receiver }) => receiver.role === 'gateway')
  const toBalancer = wrong.filter(({ receiver }) => receiver.role === 'balancer')
  const toTarget = wrong.filter(({ receiver }) => receiver.role === 'target')
  return [
    ...toBalancer.map((hop) => senderChange(hop, marginMs)),
    ...toGateway.map((hop) =>
      hop.sender.fact.idle.kind === 'after' && hop.reason === 'receiver_first'
        ? keepAliveChange(gateway, hop.sender.fact.idle.ms)
        : senderChange(hop, marginMs),
    ),
    ...(toGateway.length > 0 && toGateway[0].reason === 'receiver_first' ? [] : headersChange(gateway)),
    ...measureChange(hops),
    ...(toTarget.length > 0 ? targetChanges(toTarget, { gateway, plugin, marginMs }) : []),
  ]
}

/** As the article asks: 65000 for a balancer that waits 60 s. */
const ABOVE_SENDER_MS = 5000

function keepAliveChange(gateway: GatewayConnections, senderMs: number): Change {
  const keepAliveMs = senderMs + ABOVE_SENDER_MS
  const { headersTimeout, edited, editFile } = gateway
  const already = edited?.keepAliveTimeout?.ms ?? null
  if (already !== null && already >= keepAliveMs) {
    return {
      what: `the file says keep_alive_timeout ${formatMs(already)} already, and the gateway has not read it yet: reload it`,
      file: null,
      lines: [reloadCommand(gateway)],
    }
  }
  const isHeadersBelow = headersTimeout?.ms != null && headersTimeout.ms <= keepAliveMs
  return {
    what: `let the gateway keep idle connections of clients for ${formatMs(keepAliveMs)}`,
    file: editFile,
    lines: [
      'edgemicro:',
      `  keep_alive_timeout: ${keepAliveMs}`,
      ...(isHeadersBelow ? [`  headers_timeout: ${keepAliveMs + ABOVE_SENDER_MS}`] : []),
    ],
  }
}

/** Whether the time for headers runs out before an idle connection is closed. */
export function areHeadersBelow({ keepAliveTimeout, headersTimeout }: GatewayConnections): boolean {
  // Where it is not set, the gateway sets it five seconds above (gateway.js).
  const headersMs = headersTimeout === null ? null : headersTimeout.ms
  const keepAliveMs = keepAliveTimeout === null ? NODE_KEEP_ALIVE_MS : keepAliveTimeout.ms
  return headersMs !== null && keepAliveMs !== null && headersMs <= keepAliveMs
}

function headersChange(gateway: GatewayConnections): readonly Change[] {
  if (!areHeadersBelow(gateway)) return []
  const keepAliveMs = gateway.keepAliveTimeout?.ms ?? NODE_KEEP_ALIVE_MS
  return [
    {
      what: 'let the gateway wait longer for headers than it keeps an idle connection, or leave headers_timeout out',
      file: gateway.editFile,
      lines: ['edgemicro:', `  headers_timeout: ${keepAliveMs + ABOVE_SENDER_MS}`],
    },
  ]
}

function senderChange(hop: Hop, marginMs: number): Change {
  const ceilingMs = ceilingOf(hop)
  const sender = hop.sender.title === '' ? `the ${hop.sender.role}` : hop.sender.title
  const below = ceilingMs === null ? 'some time' : `less than ${formatMs(Math.max(0, ceilingMs - marginMs))}`
  return { what: `let ${sender} give up idle connections after ${below}`, file: null, lines: [] }
}

function targetChanges(hops: readonly Hop[], { gateway, plugin, marginMs }: ChangeParts): readonly Change[] {
  const ceilings = hops.map(ceilingOf)
  const known = ceilings.filter((each) => each !== null)
  const leastMs = known.length === 0 ? null : Math.min(...known)
  const pluginMs = leastMs === null ? null : pluginTime(leastMs - marginMs)
  return [
    ...(pluginMs === null ? [] : [pluginChange(gateway, plugin.name, pluginMs)]),
    {
      what:
        (pluginMs === null ? '' : 'or ') +
        'raise the idle timeout of the target above the longest pause between two requests of a gateway worker',
      file: null,
      lines: [],
    },
  ]
}

/** In round numbers, and below the bound; null where there is no room. */
function pluginTime(boundMs: number): number | null {
  const stepMs = boundMs > 10_000 ? 1000 : 500
  const ms = Math.ceil(boundMs / stepMs - 1) * stepMs
  return ms > 0 ? ms : null
}

/** Of targets that nobody described, where it matters. */
function measureChange(hops: readonly Hop[]): readonly Change[] {
  const isOpen = ({ verdict, receiver }: Hop): boolean =>
    verdict !== 'ok' && receiver.role === 'target' && receiver.fact.idle.kind === 'unknown'
  const [first, ...others] = hops.filter(isOpen)
  if (first === undefined) return []
  const { title } = first.receiver
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  const address = title === '' ? 'HOST:PORT' : title
  return [
    {
      what: `find out when ${title === '' ? 'the target' : title}${more} closes idle connections, and say so with --target`,
      file: null,
      lines: [`hangup keepalive probe ${address}`, `hangup keepalive check --target ${address}=5s`],
    },
  ]
}

function pluginChange({ plugins, pluginsDirectory, editFile }: GatewayConnections, name: string, ms: number): Change {
  const section = [`${name}:`, `  timeout: ${ms}`]
  if (plugins.includes(name)) {
    const what = `let the plugin drop idle connections to targets after ${formatMs(ms)}`
    return { what, file: editFile, lines: section }
  }
  return {
    what: `let a plugin drop idle connections to targets after ${formatMs(ms)} (hangup keepalive plugin writes it)`,
    file: editFile,
    lines: [
      'edgemicro:',
      '  plugins:',
      ...(pluginsDirectory === null ? ['    dir: /opt/edgemicro/plugins'] : []),
      '    sequence:',
      ...[...plugins, name].map((plugin) => `      - ${plugin}`),
      ...section,
    ],
  }
}

function reloadCommand({ org, env }: GatewayConnections): string {
  return `edgemicro reload -o ${org ?? 'ORG'} -e ${env ?? 'ENV'} -k KEY -s SECRET`
}
