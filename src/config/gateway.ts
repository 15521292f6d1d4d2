import { type Stats, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ConfigError } from '../errors.js'
import { readYaml } from './document.js'
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
}

/**
 * Reads one file, or a directory such as `~/.edgemicro`: there, what the gateway last ran with
 * (`ORG-ENV-cache-config.yaml`) goes before what it was told (`ORG-ENV-config.yaml`), and that before `default.yaml`.
 * Throws `ConfigError` where there is none, several that exclude each other, or one that cannot be used.
 */
export async function readGatewayConfiguration(
  path: string,
  { home, environment = {} }: GatewaySurroundings,
): Promise<GatewayConfiguration> {
  const expanded = expandHome(path, home)
  const files = await filesOf(expanded)
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readText(file) })))
  return parseGatewayConfiguration(texts, environment)
}

/** `~` and `~/…` with the home directory in place of `~`; any other path as it stands. */
export function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path
}

/** Reads the texts of configuration files: each setting comes from the first one that has it. */
export function parseGatewayConfiguration(
  texts: readonly { readonly file: string; readonly text: string }[],
  environment: Environment = {},
): GatewayConfiguration {
  const layers = texts.map(({ file, text }): Layer => ({ file, data: parseLayer(file, text), environment }))
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

interface Layer {
  readonly file: string
  readonly data: Readonly<Record<string, unknown>>
  readonly environment: Environment
}

/** Real ones have thousands of proxies, and repeat their products by aliases. */
const LIMITS = { maxCharacters: 64 * 1024 * 1024, maxAliases: 1000 }

async function filesOf(path: string): Promise<readonly string[]> {
  const found = look(path)
  if (found === undefined) {
    throw new ConfigError(`no gateway configuration: ${path}`, {
      code: 'config',
      hint: 'name the file or the directory of the gateway, often ~/.edgemicro',
    })
  }
  if (!found.isDirectory()) return [path]
  const names = await readdir(path).catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const caches = names.filter((name) => name.endsWith('-cache-config.yaml'))
  const configs = names.filter((name) => name.endsWith('-config.yaml') && !caches.includes(name))
  const gateways = new Set([...caches, ...configs].map((name) => name.replace(/(?:-cache)?-config\.yaml$/, '')))
  if (gateways.size > 1) {
    throw new ConfigError(`several gateway configurations: ${path}`, {
      code: 'config',
      hint: `name one of the files: ${[...caches, ...configs].sort().join(', ')}`,
    })
  }
  const files = [...caches, ...configs, ...names.filter((name) => name === 'default.yaml')]
  if (files.length > 0) return files.map((name) => join(path, name))
  throw new ConfigError(`no gateway configuration in the directory: ${path}`, {
    code: 'config',
    hint: 'it must hold ORG-ENV-config.yaml, as `edgemicro configure` writes it',
  })
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

function parseLayer(file: string, text: string): Readonly<Record<string, unknown>> {
  const { data, faults } = readYaml(text, LIMITS)
  if (faults.length > 0) throw invalid(`${file}:${faults[0].line}:${faults[0].column}`, faults[0].message)
  if (!isRecord(data)) throw invalid(file, 'holds no settings')
  return data
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

function valueAt({ data }: Layer, path: readonly string[]): unknown {
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

function numberOf(value: unknown, layer: Layer): number | null {
  const text = textOf(value, layer)
  return text !== null && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
