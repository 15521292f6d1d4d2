import { type GatewayConnections, withoutSlashes } from '../config/gateway-connections.js'
import { placeText } from './files/server-file.js'
import { type IdleFact, idleFor, NEVER, unknown } from './idle.js'

/** Times in the plugin's own package.json, in milliseconds: they hold where the gateway's configuration has none. */
export interface PluginDefaults {
  readonly timeoutMs: number
  readonly proxies: Readonly<Record<string, number>>
  readonly targets: Readonly<Record<string, number>>
}

export interface IdlePlugin {
  readonly name: string
  /** Null: its package.json was not found. */
  readonly defaults: PluginDefaults | null
}

/** A target and the APIs that lead to it. */
export interface TargetOfProxies {
  /** `host:port`. */
  readonly target: string
  readonly basePaths: readonly string[]
}

/** Reads the plugin's package.json; null where it is none of that plugin. */
export function parsePluginDefaults(manifest: string): PluginDefaults | null {
  const settings = recordOf(recordOf(recordOf(parseJson(manifest)).hangup).settings)
  const { timeoutMs, proxies, targets } = settings
  if (typeof timeoutMs !== 'number') return null
  return { timeoutMs, proxies: timesOf(proxies), targets: timesOf(targets) }
}

/**
 * When the gateway drops an idle connection to a target: never, for its agent is made without a timeout and no setting
 * gives it one (microgateway-core, config-proxy-middleware.js), unless the plugin does. There is an agent for each API,
 * so of several that lead to one target the last one to drop its connections counts.
 */
export function sendingOf(gateway: GatewayConnections, plugin: IdlePlugin): (target: TargetOfProxies) => IdleFact {
  const { name, defaults } = plugin
  if (!gateway.plugins.includes(name)) {
    return () => ({ idle: NEVER, source: 'default', from: 'the agent of the gateway has no idle timeout' })
  }
  const { timeout, proxies, targets } = gateway.pluginTimes(name)
  if (timeout?.ms === null) {
    const fact = unknown(`${placeText(timeout)}: no time that the plugin can read`)
    return () => fact
  }
  return ({ target, basePaths }) => {
    const byTarget = targets.get(target) ?? defaults?.targets[target] ?? timeout?.ms ?? defaults?.timeoutMs
    const times = basePaths.map(withoutSlashes).map((path) => proxies.get(path) ?? defaults?.proxies[path] ?? byTarget)
    const known = [...times, ...(times.length === 0 ? [byTarget] : [])].filter((ms) => ms !== undefined)
    if (known.length < Math.max(1, times.length)) {
      return unknown(`plugin ${name}: its time is neither in the configuration nor in edgemicro.plugins.dir`)
    }
    return { idle: idleFor(known.reduce((most, ms) => Math.max(most, ms))), source: 'file', from: `plugin ${name}` }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}

function timesOf(value: unknown): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(recordOf(value)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}
