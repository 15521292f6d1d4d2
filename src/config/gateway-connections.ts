import { basename, join } from 'node:path'
import { ConfigError } from '../errors.js'
import {
  type GatewayProxy,
  type GatewaySurroundings,
  type GatewayText,
  interpretLayers,
  type Layer,
  numberOf,
  parseLayers,
  readGatewayTexts,
  valueAt,
} from './gateway.js'
import type { Environment } from './variables.js'

/**
 * A setting of the gateway in milliseconds, and where it stands. Null: `unusable`, the gateway does not start with it;
 * `unknown`, it comes from an environment variable that is not here.
 */
export interface ConfiguredTime {
  readonly ms: number | null
  readonly state: 'known' | 'unusable' | 'unknown'
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/** What the configuration says of connections. */
export interface ConnectionTimes {
  readonly keepAliveTimeout: ConfiguredTime | null
  readonly headersTimeout: ConfiguredTime | null
}

/** Times of a plugin as it reads them: `4s`, `500ms`, `1m`, or milliseconds. */
export interface PluginTimes {
  readonly timeout: ConfiguredTime | null
  /** Milliseconds by base path without a slash at its end; what is no time is left out. */
  readonly proxies: ReadonlyMap<string, number>
  /** Milliseconds by `host:port`, an IPv6 address without brackets. */
  readonly targets: ReadonlyMap<string, number>
}

/** How a gateway keeps its connections, read from its configuration. Holds none of its secrets. */
export interface GatewayConnections extends ConnectionTimes {
  readonly proxies: readonly GatewayProxy[]
  readonly org: string | null
  readonly env: string | null
  /** Where it listens. */
  readonly port: number | null
  /** Names in `edgemicro.plugins.sequence`, in their order. */
  readonly plugins: readonly string[]
  /** `edgemicro.plugins.dir`. */
  readonly pluginsDirectory: string | null
  /** Times in the section of a plugin that drops idle connections to targets. */
  pluginTimes(plugin: string): PluginTimes
  /** The file to edit: `ORG-ENV-config.yaml`. The cache beside it is written anew at each start and reload. */
  readonly editFile: string
  /** Times of that file that are others than those that the gateway last ran with, or null where they are the same. */
  readonly edited: ConnectionTimes | null
  /** Of `default.yaml`, from which the gateway takes nothing once it has been configured. */
  readonly template: ConnectionTimes | null
}

/**
 * Reads how a gateway keeps its connections, from one file or a directory such as `~/.edgemicro`. Throws `ConfigError`
 * as `readGatewayConfiguration`, and where only `default.yaml` is there.
 */
export async function readGatewayConnections(
  path: string,
  surroundings: GatewaySurroundings,
): Promise<GatewayConnections> {
  return parseGatewayConnections(await readGatewayTexts(path, surroundings), surroundings.environment)
}

/** The same from the texts of the files, what the gateway last ran with first. */
export function parseGatewayConnections(
  texts: readonly GatewayText[],
  environment: Environment = {},
): GatewayConnections {
  const layers = parseLayers(texts, environment)
  const template = layers.find(({ file }) => basename(file) === TEMPLATE)
  const own = layers.filter((layer) => layer !== template)
  if (own.length === 0) {
    throw new ConfigError(`no gateway is configured here: ${texts[0]?.file ?? TEMPLATE}`, {
      code: 'config',
      hint: 'name ORG-ENV-config.yaml: default.yaml is only what `edgemicro configure` makes it from',
    })
  }
  const { proxies, org, env } = interpretLayers(own)
  const cache = own.find(isCache)
  const source = own.find((layer) => !isCache(layer))
  const times = timesOf(cache ?? own[0])
  return {
    ...times,
    proxies,
    org,
    env,
    port: numberAt(own, ['edgemicro', 'port']),
    plugins: pluginsOf(own),
    pluginsDirectory: textAt(own, ['edgemicro', 'plugins', 'dir']),
    pluginTimes: (plugin) => pluginTimesOf(own[0], plugin),
    editFile: source?.file ?? sourceBeside(own[0].file),
    edited: cache === undefined || source === undefined ? null : differing(timesOf(source), times),
    template: template === undefined ? null : timesOf(template),
  }
}

const TEMPLATE = 'default.yaml'
const CACHE = /-cache-config(?=\.ya?ml$)/

function isCache({ file }: Layer): boolean {
  return CACHE.test(basename(file))
}

function sourceBeside(cache: string): string {
  return join(cache, '..', basename(cache).replace(CACHE, '-config'))
}

function timesOf(layer: Layer): ConnectionTimes {
  return {
    keepAliveTimeout: timeOf(layer, ['edgemicro', 'keep_alive_timeout']),
    headersTimeout: timeOf(layer, ['edgemicro', 'headers_timeout']),
  }
}

/** Numbers above 0 only: the gateway asserts it (default-validator.js), text with digits included. */
function timeOf(layer: Layer, path: readonly string[]): ConfiguredTime | null {
  const value = valueAt(layer, path)
  if (value === undefined) return null
  const isReplaced = typeof value === 'string' && value.includes('<E>')
  const number = typeof value === 'number' || isReplaced ? numberOf(value, layer) : null
  const ms = number !== null && number > 0 ? number : null
  const state = ms !== null ? 'known' : isReplaced && number === null ? 'unknown' : 'unusable'
  return { ms, state, file: layer.file, line: layer.locate(path).line }
}

function differing(edited: ConnectionTimes, ran: ConnectionTimes): ConnectionTimes | null {
  const isSame =
    edited.keepAliveTimeout?.ms === ran.keepAliveTimeout?.ms && edited.headersTimeout?.ms === ran.headersTimeout?.ms
  return isSame ? null : edited
}

function numberAt(layers: readonly Layer[], path: readonly string[]): number | null {
  for (const layer of layers) {
    const number = numberOf(valueAt(layer, path), layer)
    if (number !== null) return number
  }
  return null
}

function textAt(layers: readonly Layer[], path: readonly string[]): string | null {
  const texts = layers.map((layer) => valueAt(layer, path))
  return texts.find((text) => typeof text === 'string') ?? null
}

function pluginTimesOf(layer: Layer, plugin: string): PluginTimes {
  const times = (section: string, normal: (name: string) => string): ReadonlyMap<string, number> => {
    const value = valueAt(layer, [plugin, section])
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
    return new Map(
      entries.flatMap(([name, time]): [string, number][] => {
        const ms = pluginTimeOf(time)
        return ms === null ? [] : [[normal(name), ms]]
      }),
    )
  }
  const path = [plugin, 'timeout']
  const value = valueAt(layer, path)
  const ms = pluginTimeOf(value)
  const state = ms === null ? 'unusable' : 'known'
  return {
    timeout: value === undefined ? null : { ms, state, file: layer.file, line: layer.locate(path).line },
    proxies: times('proxies', withoutSlashes),
    targets: times('targets', (name) => name.replace(/[[\]]/g, '')),
  }
}

/** A base path as the plugin compares it: without the slashes at its end. */
export function withoutSlashes(path: string): string {
  let end = path.length
  while (path[end - 1] === '/') end--
  return path.slice(0, end)
}

function pluginTimeOf(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const [, number, unit = 'ms'] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m)?$/.exec(String(value)) ?? []
  const ms = Math.round(Number(number ?? 0) * { ms: 1, s: 1000, m: 60_000 }[unit as 'ms' | 's' | 'm'])
  return ms > 0 ? ms : null
}

function pluginsOf(layers: readonly Layer[]): readonly string[] {
  const lists = layers.map((layer) => valueAt(layer, ['edgemicro', 'plugins', 'sequence']))
  const sequence = lists.find((list) => Array.isArray(list)) ?? []
  return sequence.filter((name: unknown) => typeof name === 'string')
}
