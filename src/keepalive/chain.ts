import type { ConfiguredTime, GatewayConnections } from '../config/gateway-connections.js'
import { placeText } from './files/server-file.js'
import { type End, type Hop, judge, type Limit } from './hop.js'
import { formatMs, type IdleFact, idleFor, unknown } from './idle.js'
import type { Peer } from './peer.js'
import { type IdlePlugin, sendingOf, type TargetOfProxies } from './plugin-times.js'

/** When a target closes idle connections, as its gateway's logs tell; between `lowMs` and `highMs` with certainty enough. */
export interface EstimatedIdle {
  readonly lowMs: number
  readonly highMs: number
}

export interface ChainParts {
  readonly gateway: GatewayConnections
  /** Who sends the first request; null: nothing is said. */
  readonly client: Peer | null
  /** What lies between the client and the gateway. */
  readonly balancer: Peer | null
  /** By `host:port`: what is described. */
  readonly targets: ReadonlyMap<string, Peer>
  /** By `host:port`: what logs say of those that are not described. */
  readonly estimates: ReadonlyMap<string, EstimatedIdle>
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
  for (const target of [...targets.keys(), ...estimates.keys()]) if (!byTarget.has(target)) byTarget.set(target, [])
  const sending = sendingOf(gateway, plugin)
  const hop = (of: TargetOfProxies, fact: IdleFact): Hop => {
    const sender: End = { role: 'gateway', title: '', fact: sending(of) }
    return judge({ sender, receiver: { role: 'target', title: of.target, fact }, limits }, marginMs)
  }
  if (byTarget.size === 0) return [hop({ target: '', basePaths: [] }, unknown('the configuration names no target'))]
  return [...byTarget].map(([target, basePaths]) => {
    const described = targets.get(target)
    return hop({ target, basePaths }, described?.receives ?? estimated(estimates.get(target)))
  })
}

/** The earliest counts: who gives up before that gives up first. */
function estimated(idle: EstimatedIdle | undefined): IdleFact {
  if (idle === undefined) return unknown('nothing says which server it is: --target, or --logs')
  const { lowMs, highMs } = idle
  return {
    idle: idleFor(lowMs),
    source: 'estimated',
    from: `as its logs tell, 95 % certain ${formatMs(lowMs)} to ${formatMs(highMs)}`,
  }
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
