import { createServer, type Server, type ServerResponse } from 'node:http'
import { PermanentError, systemCode } from '../errors.js'
import { type Health, type HealthState, liveness, readiness } from './health.js'
import type { Metrics } from './metrics.js'

export interface HttpOptions {
  /** Port 0: a free one. An IPv6 host without brackets. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly metrics: Metrics
  readonly health: () => HealthState
}

export interface HttpServer {
  /** Where it listens: `http://127.0.0.1:9464`. */
  readonly url: string
  /** Cuts off whoever is still being served. */
  close(): Promise<void>
}

/**
 * Serves `/metrics`, `/livez` and `/readyz` to whoever can reach the address: counts, names of targets and APIs, and our
 * own words; no log text else. Throws `PermanentError` (`address_unusable`).
 */
export async function serveHttp({ listen, metrics, health }: HttpOptions): Promise<HttpServer> {
  const pages: Readonly<Record<string, Page>> = {
    '/metrics': async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
    '/livez': async () => toAnswer(liveness(health())),
    '/readyz': async () => toAnswer(readiness(health())),
  }
  const server = createServer(LIMITS, (request, response) => {
    // What a client sends besides is not wanted.
    request.resume()
    const path = (request.url ?? '').replace(/\?.*$/s, '')
    const page = Object.hasOwn(pages, path) ? pages[path] : notFound
    const answer = request.method === 'GET' || request.method === 'HEAD' ? page() : wrongMethod()
    answer.then(
      (each) => send(response, each),
      () => send(response, { status: 500, type: TEXT, body: 'internal error\n' }),
    )
  })
  server.maxConnections = 100
  await begin(server, listen)
  return { url: urlOf(server, listen.host), close: () => end(server) }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly allow?: string
}

type Page = () => Promise<Answer>

const TEXT = 'text/plain; charset=utf-8'
/** Nobody keeps a connection by being slow. */
const LIMITS = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 }

const notFound: Page = async () => ({ status: 404, type: TEXT, body: 'not found: see /metrics, /livez, /readyz\n' })

const wrongMethod: Page = async () => ({ status: 405, type: TEXT, body: 'only GET\n', allow: 'GET, HEAD' })

function toAnswer({ reasons }: Health): Answer {
  if (reasons.length === 0) return { status: 200, type: TEXT, body: 'ok\n' }
  return { status: 503, type: TEXT, body: reasons.map((reason) => `${reason}\n`).join('') }
}

function send(response: ServerResponse, { status, type, body, allow }: Answer): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(allow !== undefined && { allow }),
  })
  // Node leaves the body out of an answer to HEAD.
  response.end(bytes)
}

async function begin(server: Server, { host, port }: HttpOptions['listen']): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const isTaken = systemCode(error) === 'EADDRINUSE'
    const shown = `${host.includes(':') ? `[${host}]` : host}:${port}`
    throw new PermanentError(`cannot listen${isTaken ? ' (in use)' : ''}: ${shown}`, {
      code: 'address_unusable',
      hint: isTaken
        ? 'another process listens there, perhaps another run: set http.listen to a free port'
        : 'set http.listen to an address of this machine and a port that you may use',
      cause: error,
    })
  }
  // What goes wrong later is of one connection, and ends with it.
  server.on('error', () => {})
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
