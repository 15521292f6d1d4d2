import type { ConfiguredTime, GatewayConnections } from '../config/gateway-connections.js'
import { type ChainParts, chainOf, receivingOf } from './chain.js'
import { areHeadersBelow, type Change, changesOf } from './changes.js'
import { placeText } from './files/server-file.js'
import type { Hop, Limit, Verdict } from './hop.js'
import { formatMs } from './idle.js'
import type { OsSettings } from './os-settings.js'
import type { Peer } from './peer.js'

/** Something beside the order of the hops. */
export interface Finding {
  readonly code:
    | 'headers_timeout_below'
    | 'unusable_setting'
    | 'not_reloaded'
    | 'template_only'
    | 'request_limit'
    | 'connection_limit'
    | 'os_keep_alive'
    | 'target_not_configured'
  readonly verdict: 'wrong' | 'note'
  readonly text: string
}

export interface Check {
  readonly verdict: Verdict
  readonly marginMs: number
  readonly hops: readonly Hop[]
  readonly findings: readonly Finding[]
  readonly changes: readonly Change[]
  /** Of this machine; told, for it decides next to nothing. */
  readonly os: OsSettings
}

export interface CheckInput extends Omit<ChainParts, 'limits'> {
  readonly os: OsSettings
  /** What lies between the gateway and its targets and drops idle connections. */
  readonly nat: Limit | null
}

/**
 * Checks every hop of a chain, and what else the gateway's configuration says of its connections. Pure: the same input
 * gives the same answer. `wrong` if one hop or finding is, else `unknown` if one hop is, else `ok`.
 */
export function check(input: CheckInput): Check {
  const { marginMs, nat, os } = input
  const hops = chainOf({ ...input, limits: nat !== null && !isKeptOpen(nat, os) ? [nat] : [] })
  const findings = findingsOf(input, hops)
  const verdicts = [...hops.map(({ verdict }) => verdict), ...findings.map(({ verdict }) => verdict)]
  return {
    verdict: verdicts.includes('wrong') ? 'wrong' : verdicts.includes('unknown') ? 'unknown' : 'ok',
    marginMs,
    hops,
    findings,
    changes: changesOf(hops, input),
    os,
  }
}

/** The kernel's own, where it cannot be asked (tcp(7)). */
const DEFAULT_INTERVAL_MS = 75_000

/**
 * The agent's sockets are probed, so what lies between sees packets on idle ones: each second with Node 20, which sets
 * an interval of its own; older versions leave that to the operating system.
 */
function isKeptOpen({ ms }: Limit, { intervalMs }: OsSettings): boolean {
  return ms > (intervalMs ?? DEFAULT_INTERVAL_MS)
}

function findingsOf(input: CheckInput, hops: readonly Hop[]): readonly Finding[] {
  const { gateway, targets, estimates, nat, os } = input
  return [
    ...[gateway.keepAliveTimeout, gateway.headersTimeout].flatMap((time, index) => unusable(TIMES[index], time)),
    ...headersFinding(gateway),
    ...editedFinding(gateway),
    ...templateFinding(gateway),
    ...notConfigured(gateway, [...targets.keys(), ...estimates.keys()]),
    ...requestLimits(targets),
    ...(nat === null ? [] : [natFinding(nat, os)]),
    osFinding(os, hops),
  ]
}

const TIMES = ['keep_alive_timeout', 'headers_timeout'] as const

function unusable(name: string, time: ConfiguredTime | null): readonly Finding[] {
  if (time?.state !== 'unusable') return []
  const text = `${name} (${placeText(time)}) is no number above 0: the gateway does not start with it. It is in milliseconds and stands without quotes.`
  return [{ code: 'unusable_setting', verdict: 'wrong', text }]
}

function headersFinding(gateway: GatewayConnections): readonly Finding[] {
  const { headersTimeout } = gateway
  if (headersTimeout === null || !areHeadersBelow(gateway)) return []
  const { idle } = receivingOf(gateway)
  const keepAlive = idle.kind === 'after' ? formatMs(idle.ms) : 'keep_alive_timeout'
  const text = `headers_timeout ${formatMs(headersTimeout.ms ?? 0)} (${placeText(headersTimeout)}) is not above the ${keepAlive} for which idle connections are kept: Node may cut off a request that comes late on one.`
  return [{ code: 'headers_timeout_below', verdict: 'wrong', text }]
}

function editedFinding({ edited, editFile }: GatewayConnections): readonly Finding[] {
  if (edited === null) return []
  const text = `${editFile} says another keep_alive_timeout or headers_timeout than the gateway last ran with (its cache file). What it ran with is checked here; edgemicro reload makes it read the file.`
  return [{ code: 'not_reloaded', verdict: 'note', text }]
}

function templateFinding({ template, keepAliveTimeout, edited }: GatewayConnections): readonly Finding[] {
  const time = template?.keepAliveTimeout ?? null
  if (time === null || keepAliveTimeout !== null || edited?.keepAliveTimeout) return []
  const text = `keep_alive_timeout stands in default.yaml alone (line ${time.line}): the gateway does not read it there. edgemicro configure copies it.`
  return [{ code: 'template_only', verdict: 'note', text }]
}

function notConfigured({ proxies }: GatewayConnections, targets: readonly string[]): readonly Finding[] {
  const known = new Set(proxies.map(({ target }) => target))
  if (known.size === 0) return []
  return [...new Set(targets)]
    .filter((target) => !known.has(target))
    .map((target) => ({
      code: 'target_not_configured',
      verdict: 'note',
      text: `${target} is no target of this gateway's configuration.`,
    }))
}

function requestLimits(targets: ReadonlyMap<string, Peer>): readonly Finding[] {
  return [...targets].flatMap(([target, { title, maxRequests }]): Finding[] =>
    maxRequests === null || maxRequests <= 1
      ? []
      : [
          {
            code: 'request_limit',
            verdict: 'note',
            text: `${target} (${title}) closes a connection after ${maxRequests} requests. It says so in the last response, so this is no race.`,
          },
        ],
  )
}

function natFinding(nat: Limit, os: OsSettings): Finding {
  const interval = formatMs(os.intervalMs ?? DEFAULT_INTERVAL_MS)
  const text = isKeptOpen(nat, os)
    ? `${nat.title} drops connections that are idle for ${formatMs(nat.ms)}. Those of the gateway's agent are not: TCP probes them each second (older Node: every ${interval}, tcp_keepalive_intvl).`
    : `${nat.title} drops connections that are idle for ${formatMs(nat.ms)}, which is not above tcp_keepalive_intvl (${interval}): a gateway on an older Node, whose probes come that seldom, loses them.`
  return { code: 'connection_limit', verdict: 'note', text }
}

function osFinding({ timeMs }: OsSettings, hops: readonly Hop[]): Finding {
  const here = timeMs === null ? 'not known on this system' : `${formatMs(timeMs)} here`
  const target = hops.find(({ receiver }) => receiver.role === 'target')?.receiver.title ?? ''
  const port = /:(\d+)$/.exec(target)?.[1] ?? 'PORT'
  const text = `The keep-alive time of the operating system (net.ipv4.tcp_keepalive_time, ${here}) does not govern any of this, though the support article says so: it is about TCP probes, which never close a connection whose peer answers, and Node sets a time of its own on these sockets. See for yourself on the gateway: ss -tno state established '( dport = :${port} )' shows timer:(keepalive,…) of at most a second.`
  return { code: 'os_keep_alive', verdict: 'note', text }
}
