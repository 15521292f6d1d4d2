import { fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'

/** Versions that `package.json` here names, by the name of their package. */
export const CORES = { '3.3.7': 'microgateway-core', '3.1.6': 'microgateway-core-3.1' } as const

export interface Api {
  readonly basePath: string
  readonly url: string
  readonly timeoutMs?: number
}

export interface GatewayOptions {
  readonly version?: keyof typeof CORES
  readonly apis: readonly Api[]
  readonly workers?: number
  readonly level?: 'info' | 'warn' | 'error'
  /** Directory and sequence of plugins. */
  readonly plugins?: { readonly directory: string; readonly sequence: readonly string[] }
  /** Further sections of its configuration. */
  readonly sections?: Readonly<Record<string, unknown>>
}

export interface Answer {
  /** Null where the client went away, or where none came. */
  readonly status: number | null
  readonly body: string
}

/** A running gateway of the real packages, in processes of its own. */
export interface Gateway {
  readonly port: number
  readonly logDirectory: string
  readonly configuration: string
  /** What it has logged so far. */
  log(): string
  /** Sends one request on a connection of its own. */
  request(url: string, options?: RequestOptions): Promise<Answer>
  /** Ends it, its log written; may be called again. */
  stop(): Promise<void>
  /** Takes away what it has written. */
  remove(): void
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Begins an upload; goes away when this says so, in the middle of it. */
  readonly abortUploadWhen?: () => Promise<void>
  /** Called when the first bytes of the answer's body are here. */
  readonly onBody?: () => void
}

const HERE = path.dirname(fileURLToPath(import.meta.url))

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { version = '3.3.7', workers = 1, plugins } = options
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-gateway-'))
  const logDirectory = path.join(directory, 'log')
  fs.mkdirSync(logDirectory)
  const configuration = path.join(directory, 'acme-test-cache-config.yaml')
  fs.writeFileSync(configuration, stringify(configurationOf(options, logDirectory)))
  const launch = { core: CORES[version], configuration, workers, org: 'acme', env: 'test', plugins: plugins?.directory }
  const child = fork(path.join(HERE, 'launcher.cjs'), [JSON.stringify(launch)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk))
  const exited = once(child, 'exit')
  const port = await Promise.race([
    once(child, 'message').then(([message]) => (message as { readonly port: number }).port),
    exited.then(() => {
      throw new Error(`the gateway ended:\n${said}`)
    }),
  ])
  return {
    port,
    logDirectory,
    configuration,
    log: () =>
      fs
        .readdirSync(logDirectory)
        .map((name) => fs.readFileSync(path.join(logDirectory, name), 'utf8'))
        .join(''),
    request: (url, given = {}) => request(port, url, given),
    stop: async () => {
      if (child.connected) child.send('stop')
      await exited
    },
    remove: () => fs.rmSync(directory, { recursive: true, force: true }),
  }
}

/** What `edgemicro start` leaves in `ORG-ENV-cache-config.yaml`. */
function configurationOf({ apis, level = 'info', plugins, sections }: GatewayOptions, logDirectory: string) {
  return {
    edgemicro: {
      port: 0,
      max_connections: 1000,
      logging: { level, dir: logDirectory, stats_log_interval: 60, rotate_interval: 24 },
      plugins: { sequence: plugins?.sequence ?? [] },
    },
    headers: { 'x-forwarded-for': true, 'x-request-id': true, via: true, host: true },
    analytics: { uri: 'http://127.0.0.1:9', key: 'key', secret: 'secret' },
    proxies: apis.map(({ basePath, url, timeoutMs }, index) => ({
      max_connections: 1000,
      name: `edgemicro_${index}`,
      revision: '1',
      proxy_name: 'default',
      base_path: basePath,
      target_name: 'default',
      url,
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    })),
    ...sections,
  }
}

const CLIENT_TIMEOUT_MS = 30_000

function request(port: number, url: string, { headers, abortUploadWhen, onBody }: RequestOptions): Promise<Answer> {
  return new Promise((resolve) => {
    const isUpload = abortUploadWhen !== undefined
    const sent = http.request(
      { port, path: url, agent: false, method: isUpload ? 'POST' : 'GET', headers },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (part: string) => {
          if (body === '') onBody?.()
          body += part
        })
        const end = (): void => resolve({ status: response.statusCode ?? null, body })
        response.on('end', end).on('error', end)
      },
    )
    // A gateway that never answers is told of by what a test expects.
    sent.setTimeout(CLIENT_TIMEOUT_MS, () => sent.destroy())
    sent.on('error', () => resolve({ status: null, body: '' }))
    if (abortUploadWhen === undefined) {
      sent.end()
      return
    }
    sent.write('begun')
    void abortUploadWhen().then(() => sent.destroy())
  })
}
