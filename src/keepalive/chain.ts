import type { ConfiguredTime, GatewayConnections } from '../config/gateway-connections.js'
import { placeText } from './files/server-file.js'
import { type End, type Hop, judge, type Limit } from './hop.js'
import { type IdleFact, idleFor, NEVER, unknown } from './idle.js'
import type { Peer } from './peer.js'
import { type IdlePlugin, sendingOf, type TargetOfProxies } from './plugin-times.js'

/** What is known of a target's side of its connections. */
export interface TargetIdle {
  /** Null: it never closes an idle connection. */
  readonly idleTimeoutMs: number | null
  readonly source: 'given' | 'file' | 'estimated'
}

export interface ChainParts {
  readonly gateway: GatewayConnections
  /** Who sends the first request; null: nothing is said. */
  readonly client: Peer | null
  /** What lies between the client and the gateway. */
  readonly balancer: Peer | null
  /** By `host:port`: what is described. */
  readonly targets: ReadonlyMap<string, Peer>
  /** By `host:port`: what an estimate says of those that are not described. */
  readonly estimates?: ReadonlyMap<string, TargetIdle>
  /** Between the gateway and its targets. */
  readonly limits: readonly Limit[]
  /** What may give the gateway an idle timeout towards targets. */
  readonly plugin: IdlePlugin
  readonly marginMs: number
}

/** Node's own, where the gateway sets none: `server.keepAliveTimeout`. */
export const NODE_KEEP_ALIVE_MS = 5000

/** All hops, from the client to the targets, those in front of the gateway first. */
export function chainOf(parts: ChainParts): readonly Hop[] {
  return [...frontOf(parts), ...targetsOf(parts)]
}

function frontOf({ gateway, client, balancer, marginMs }: ChainParts): readonly Hop[] {
  const gatewayEnd: End = { role: 'gateway', title: '', fact: receivingOf(gateway) }
  const clientEnd: End = {
    role: 'client',
    title: client?.title ?? '',
    fact: client?.sends ?? unknown('nothing says which client it is: --client'),
  }
  const limits = [client, balancer].flatMap(limitOf)
  if (balancer === null || balancer.limitMs !== null) {
    return [judge({ sender: clientEnd, receiver: gatewayEnd, limits }, marginMs)]
  }
  const end = (fact: IdleFact): End => ({ role: 'balancer', title: balancer.title, fact })
  return [
    judge({ sender: clientEnd, receiver: end(balancer.receives), limits }, marginMs),
    judge({ sender: end(balancer.sends), receiver: gatewayEnd, limits: [] }, marginMs),
  ]
}

function limitOf(peer: Peer | null): readonly Limit[] {
  return peer === null || peer.limitMs === null ? [] : [{ title: peer.title, ms: peer.limitMs }]
}

function targetsOf({ gateway, targets, estimates, limits, plugin, marginMs }: ChainParts): readonly Hop[] {
  const byTarget = new Map<string, string[]>()
  for (const { target, basePath } of gateway.proxies) {
    const basePaths = byTarget.get(target)
    if (basePaths === undefined) byTarget.set(target, [basePath])
    else basePaths.push(basePath)
  }
  for (const target of targets.keys()) if (!byTarget.has(target)) byTarget.set(target, [])
  const sending = sendingOf(gateway, plugin)
  const hop = (of: TargetOfProxies, fact: IdleFact): Hop => {
    const sender: End = { role: 'gateway', title: '', fact: sending(of) }
    return judge({ sender, receiver: { role: 'target', title: of.target, fact }, limits }, marginMs)
  }
  if (byTarget.size === 0) return [hop({ target: '', basePaths: [] }, unknown('the configuration names no target'))]
  return [...byTarget].map(([target, basePaths]) => {
    const described = targets.get(target)
    return hop({ target, basePaths }, described?.receives ?? estimated(estimates?.get(target)))
  })
}

function estimated(target: TargetIdle | undefined): IdleFact {
  if (target === undefined) return unknown('nothing says which server it is: --target')
  const { idleTimeoutMs, source } = target
  return { idle: idleTimeoutMs === null ? NEVER : idleFor(idleTimeoutMs), source, from: SOURCES[source] }
}

const SOURCES: Readonly<Record<TargetIdle['source'], string>> = {
  given: 'given',
  file: 'its own configuration',
  estimated: 'estimated from the log',
}

/** When the gateway closes an idle connection of a client. */
export function receivingOf({ keepAliveTimeout }: GatewayConnections): IdleFact {
  if (keepAliveTimeout === null) {
    return {
      idle: idleFor(NODE_KEEP_ALIVE_MS),
      source: 'default',
      from: 'default of Node; keep_alive_timeout is not set',
    }
  }
  if (keepAliveTimeout.ms === null) return unknown(`${placeText(keepAliveTimeout)}: ${STATES[keepAliveTimeout.state]}`)
  return {
    idle: idleFor(keepAliveTimeout.ms),
    source: 'file',
    from: `keep_alive_timeout, ${placeText(keepAliveTimeout)}`,
  }
}

const STATES: Readonly<Record<ConfiguredTime['state'], string>> = {
  known: '',
  unusable: 'the gateway does not start with this value',
  unknown: 'it comes from an environment variable that is not set here',
}
