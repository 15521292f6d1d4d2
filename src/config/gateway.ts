import { type Stats, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ConfigError } from '../errors.js'
import { type Place, readYaml } from './document.js'
import type { Environment } from './variables.js'

/** One API proxy of the gateway. */
export interface GatewayProxy {
  readonly name: string
  /** With its leading `/`, as written. */
  readonly basePath: string
  /** `host:port`; the port of the scheme where the URL names none. An IPv6 address has no brackets, as in the log. */
  readonly target: string
  /** How the log names the target: as `target`, but without a port where the URL names none (logging.js). */
  readonly loggedTarget: string
  /** How long the gateway waits for the target; null: for ever. */
  readonly timeoutMs: number | null
}

/** What hangup needs to know of a gateway's own configuration. Holds none of its secrets. */
export interface GatewayConfiguration {
  readonly proxies: readonly GatewayProxy[]
  /** Null where it logs to the console, or nothing is said. */
  readonly loggingDirectory: string | null
  readonly loggingLevel: string | null
  readonly org: string | null
  readonly env: string | null
}

/** What the path and the file may refer to. */
export interface GatewaySurroundings {
  /** The user's home directory, for `~`. */
  readonly home: string
  /** For `<E>NAME</E>` in the gateway's files. */
  readonly environment?: Environment
  /** Choose among several gateways of one directory. */
  readonly org?: string
  readonly env?: string
}

/**
 * Reads one file, or a directory such as `~/.edgemicro`: there, what the gateway last ran with
 * (`ORG-ENV-cache-config.yaml`) goes before what it was told (`ORG-ENV-config.yaml`), and that before `default.yaml`.
 * Throws `ConfigError` where there is none, several that exclude each other, or one that cannot be used.
 */
export async function readGatewayConfiguration(
  path: string,
  surroundings: GatewaySurroundings,
): Promise<GatewayConfiguration> {
  return parseGatewayConfiguration(await readGatewayTexts(path, surroundings), surroundings.environment)
}

/** The text of one configuration file of a gateway. */
export interface GatewayText {
  readonly file: string
  readonly text: string
}

/** The files that `readGatewayConfiguration` reads, in its order; throws as it does. */
export async function readGatewayTexts(
  path: string,
  { home, ...wanted }: GatewaySurroundings,
): Promise<readonly GatewayText[]> {
  const files = await filesOf(expandHome(path, home), wanted)
  return Promise.all(files.map(async (file) => ({ file, text: await readText(file) })))
}

/** `~` and `~/…` with the home directory in place of `~`; any other path as it stands. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path
}

/** Reads the texts of configuration files: each setting comes from the first one that has it. */
export function parseGatewayConfiguration(
  texts: readonly GatewayText[],
  environment: Environment = {},
): GatewayConfiguration {
  return interpretLayers(parseLayers(texts, environment))
}

/** Parses the files; throws `ConfigError` for one that is no YAML. */
export function parseLayers(texts: readonly GatewayText[], environment: Environment = {}): readonly Layer[] {
  return texts.map(({ file, text }) => ({ file, ...parseLayer(file, text), environment }))
}

/** What the layers say together: each setting comes from the first one that has it. */
export function interpretLayers(layers: readonly Layer[]): GatewayConfiguration {
  const proxies = layers.find(({ data }) => Array.isArray(data.proxies))
  const requestTimeoutS = firstNumber(layers, ['edgemicro', 'request_timeout'])
  const toConsole = first(layers, (layer) => valueAt(layer, ['edgemicro', 'logging', 'to_console'])) === true
  return {
    proxies: proxies === undefined ? [] : proxiesOf(proxies, requestTimeoutS === null ? null : requestTimeoutS * 1000),
    loggingDirectory: toConsole ? null : firstText(layers, ['edgemicro', 'logging', 'dir']),
    loggingLevel: firstText(layers, ['edgemicro', 'logging', 'level']),
    ...organization(layers),
  }
}

/** One file of a gateway's configuration. Its data holds secrets: none of it may be shown but what is known to be none. */
export interface Layer {
  readonly file: string
  readonly data: Readonly<Record<string, unknown>>
  readonly environment: Environment
  /** Place of the value at a path. */
  locate(path: readonly string[]): Place
}

/** Real ones have thousands of proxies, and repeat their products by aliases. */
export const GATEWAY_LIMITS = { maxCharacters: 64 * 1024 * 1024, maxAliases: 1000 }

type Wanted = Pick<GatewaySurroundings, 'org' | 'env'>

async function filesOf(path: string, wanted: Wanted): Promise<readonly string[]> {
  const found = look(path)
  if (found === undefined) {
    throw new ConfigError(`no gateway configuration: ${path}`, {
      code: 'config',
      hint: 'name the file or the directory of the gateway, often ~/.edgemicro',
    })
  }
  if (!found.isDirectory()) return [path]
  const all = await readdir(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const names = all.filter((name) => !name.endsWith('-config.yaml') || isWanted(gatewayOf(name), wanted))
  const caches = names.filter((name) => name.endsWith('-cache-config.yaml'))
  const configs = names.filter((name) => name.endsWith('-config.yaml') && !caches.includes(name))
  const gateways = new Set([...caches, ...configs].map(gatewayOf))
  if (gateways.size > 1) {
    throw new ConfigError(`several gateway configurations: ${path}`, {
      code: 'config',
      hint: `name one of the files: ${[...caches, ...configs].sort().join(', ')}`,
    })
  }
  if (gateways.size === 0 && names.length < all.length) {
    throw new ConfigError(`no configuration of this organization and environment: ${path}`, {
      code: 'config',
      hint: `it holds ${all.filter((name) => name.endsWith('-config.yaml')).join(', ')}`,
    })
  }
  const files = [...caches, ...configs, ...names.filter((name) => name === 'default.yaml')]
  if (files.length > 0) return files.map((name) => join(path, name))
  throw new ConfigError(`no gateway configuration in the directory: ${path}`, {
    code: 'config',
    hint: 'it must hold ORG-ENV-config.yaml, as `edgemicro configure` writes it',
  })
}

/** `ORG-ENV` of a file's name. */
function gatewayOf(name: string): string {
  return name.replace(/(?:-cache)?-config\.yaml$/, '')
}

function isWanted(gateway: string, { org, env }: Wanted): boolean {
  if (org !== undefined && env !== undefined) return gateway === `${org}-${env}`
  return (org === undefined || gateway.startsWith(`${org}-`)) && (env === undefined || gateway.endsWith(`-${env}`))
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): ConfigError {
  return new ConfigError(`cannot read the gateway configuration: ${path}`, {
    code: 'config',
    hint: 'allow this user to read it, or name another one',
    cause,
  })
}

function invalid(file: string, reason: string): ConfigError {
  return new ConfigError(`invalid gateway configuration: ${file}: ${reason}`, {
    code: 'config',
    hint: 'name a configuration that the gateway itself starts with',
  })
}

function parseLayer(file: string, text: string): Pick<Layer, 'data' | 'locate'> {
  const { data, faults, locate } = readYaml(text, GATEWAY_LIMITS)
  if (faults.length > 0) throw invalid(`${file}:${faults[0].line}:${faults[0].column}`, faults[0].message)
  if (!isRecord(data)) throw invalid(file, 'holds no settings')
  return { data, locate: (path) => locate(path, 'value') }
}

function proxiesOf(layer: Layer, requestTimeoutMs: number | null): readonly GatewayProxy[] {
  const list = layer.data.proxies as readonly unknown[]
  return list.map((proxy, index) => {
    const named = isRecord(proxy) ? textOf(proxy.name, layer) : null
    const where = `proxies[${index}]${named === null ? '' : ` (${named})`}`
    if (!isRecord(proxy)) throw invalid(layer.file, `${where} is no section`)
    const basePath = textOf(proxy.base_path, layer)
    if (basePath === null) throw invalid(layer.file, `${where} has no base_path`)
    const timeoutMs = numberOf(proxy.timeout, layer)
    return {
      name: named ?? basePath,
      basePath: basePath.startsWith('/') ? basePath : `/${basePath}`,
      ...targetOf(textOf(proxy.url, layer) ?? '', () => invalid(layer.file, `${where} has no usable url`)),
      timeoutMs: timeoutMs !== null && timeoutMs > 0 ? timeoutMs : requestTimeoutMs,
    }
  })
}

/** The URL itself goes no further: it may hold a password. */
function targetOf(url: string, unusable: () => ConfigError): Pick<GatewayProxy, 'target' | 'loggedTarget'> {
  if (!URL.canParse(url)) throw unusable()
  const { protocol, hostname } = new URL(url)
  const schemePort = protocol === 'https:' ? '443' : protocol === 'http:' ? '80' : undefined
  if (schemePort === undefined || hostname === '') throw unusable()
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  // `URL` forgets a port that is the scheme's own; the gateway does not.
  const written = /^[a-z]+:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#:]*):0*(\d+)/i.exec(url)?.[1]
  return {
    target: `${host}:${written ?? schemePort}`,
    loggedTarget: written === undefined ? host : `${host}:${written}`,
  }
}

function organization(layers: readonly Layer[]): Pick<GatewayConfiguration, 'org' | 'env'> {
  const org = firstText(layers, ['edgemicro', 'global', 'org'])
  const env = firstText(layers, ['edgemicro', 'global', 'env'])
  if (org !== null && env !== null) return { org, env }
  const uri = first(layers, (layer) =>
    [firstText([layer], ['analytics', 'uri']), firstText([layer], ['edge_config', 'bootstrap'])]
      .map((text) => /\/organization\/([^/]+)\/environment\/([^/?.]+)(?:[/?]|$)/.exec(text ?? ''))
      .find((match) => match !== null),
  )
  // An organization's name may hold dashes; an environment's seldom does.
  const fromName = layers
    .map(({ file }) =>
      /^(.+)-([^-]+?)(?:-cache)?-config\.ya?ml$/.exec(basename(file).replace('-cache-config', '-config')),
    )
    .find((match) => match !== null)
  const [, foundOrg = null, foundEnv = null] = uri ?? fromName ?? []
  return { org: org ?? foundOrg, env: env ?? foundEnv }
}

function first<Value>(layers: readonly Layer[], read: (layer: Layer) => Value | null | undefined): Value | undefined {
  for (const layer of layers) {
    const value = read(layer)
    if (value !== null && value !== undefined) return value
  }
  return undefined
}

function firstText(layers: readonly Layer[], path: readonly string[]): string | null {
  return first(layers, (layer) => textOf(valueAt(layer, path), layer)) ?? null
}

function firstNumber(layers: readonly Layer[], path: readonly string[]): number | null {
  return first(layers, (layer) => numberOf(valueAt(layer, path), layer)) ?? null
}

/** The value at a path of a layer; undefined where there is none. */
export function valueAt({ data }: Layer, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    data,
  )
}

/** The gateway replaces `<E>NAME</E>` and `<E><n>NAME</n></E>` from its environment (env-tags-replacer.js). */
function textOf(value: unknown, { environment }: Layer): string | null {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string' || value === '') return null
  return value.replace(/<E>(?:<[nb]>)?([^<>]+)(?:<\/[nb]>)?<\/E>/g, (tag, name: string) => environment[name] ?? tag)
}

/** A number, also as the gateway replaces it from its environment; null for anything else. */
export function numberOf(value: unknown, layer: Layer): number | null {
  const text = textOf(value, layer)
  return text !== null && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
