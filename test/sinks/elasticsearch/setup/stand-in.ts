import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { connectElasticsearch, type Elasticsearch } from '../../../../src/sinks/elasticsearch/connection.js'
import type { JsonObject } from '../../../../src/sinks/elasticsearch/setup/normal-form.js'

/**
 * How a server answers about lifecycle management. `licensed`: as Elastic's own distributions, whose API reference has
 * the shapes. `absent`: as a server without the plugin (the real one of the integration tests). `serverless`: as Elastic's
 * serverless projects, where the API is gone.
 */
export type Lifecycle = 'licensed' | 'absent' | 'serverless'

export interface StandInOptions {
  readonly lifecycle: Lifecycle
  /** Requests (`PUT /path`) that the user may not make. */
  readonly denied?: RegExp
}

/**
 * Stands in for an Elasticsearch with lifecycle management, which the real server of the integration tests lacks: HTTP on
 * a port of its own, templates and policies given back as a server does, with settings as texts and defaults filled in.
 */
export class StandIn {
  readonly templates = new Map<string, JsonObject>()
  readonly policies = new Map<string, JsonObject>()
  readonly indices = new Set<string>()
  /** All requests so far: `PUT /path`. */
  readonly requests: string[] = []
  readonly #server: Server
  #connection: Elasticsearch | null = null

  private constructor(private readonly options: StandInOptions) {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
        response.end(JSON.stringify(body))
      })
    })
  }

  static async start(options: StandInOptions): Promise<StandIn> {
    const standIn = new StandIn(options)
    await new Promise<void>((resolve) => standIn.#server.listen(0, '127.0.0.1', resolve))
    return standIn
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get elasticsearch(): Elasticsearch {
    this.#connection ??= connectElasticsearch({ node: this.url, timeoutMs: 5_000 })
    return this.#connection
  }

  /** Requests since the last call that change something. */
  takeWrites(): string[] {
    return this.requests.splice(0).filter((request) => !/^GET |_simulate_index/.test(request))
  }

  async stop(): Promise<void> {
    await this.#connection?.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const { method = '', url = '' } = request
    this.requests.push(`${method} ${url}`)
    if (this.options.denied?.test(`${method} ${url}`)) {
      return fault(403, 'security_exception', `action is unauthorized for user [shipper]`)
    }
    const body = method === 'PUT' ? ((await json(request).catch(() => ({}))) as JsonObject) : {}
    const [, api, name] =
      /^\/(_ilm\/policy|_index_template|_alias|_index_template\/_simulate_index)\/([^/]+)$/.exec(url) ?? []
    if (api === '_ilm/policy') return this.#policy(method, url, name, body)
    if (api === '_index_template') return this.#template(method, name, body)
    if (api === '_alias') return { status: this.#hasAlias(name) ? 200 : 404, body: {} }
    if (api !== undefined) return { status: 200, body: { template: {}, overlapping: [] } }
    return this.#index(method, url.slice(1))
  }

  #policy(method: string, url: string, name: string, { policy }: JsonObject): Reply {
    if (this.options.lifecycle === 'absent') {
      return { status: 400, body: { error: `no handler found for uri [${url}] and method [${method}]` } }
    }
    if (this.options.lifecycle === 'serverless') {
      const reason = `Request for uri [${url}] with method [${method}] exists but is not available when running in serverless mode`
      return fault(410, 'api_not_available_exception', reason)
    }
    if (method === 'PUT') {
      this.policies.set(name, policy as JsonObject)
      return ACKNOWLEDGED
    }
    const stored = this.policies.get(name)
    if (stored === undefined) return fault(404, 'resource_not_found_exception', `Lifecycle policy not found: ${name}`)
    const in_use_by = { indices: [], data_streams: [], composable_templates: [] }
    return {
      status: 200,
      body: { [name]: { version: 1, modified_date: '2026-11-25T03:00:00.000Z', policy: stored, in_use_by } },
    }
  }

  #template(method: string, name: string, body: JsonObject): Reply {
    if (method === 'PUT') {
      if (this.options.lifecycle !== 'licensed' && JSON.stringify(body).includes('"lifecycle"')) {
        return fault(400, 'illegal_argument_exception', 'unknown setting [index.lifecycle.name]')
      }
      this.templates.set(name, body)
      return ACKNOWLEDGED
    }
    const stored = this.templates.get(name)
    if (stored === undefined) {
      return fault(404, 'resource_not_found_exception', `index template matching [${name}] not found`)
    }
    return { status: 200, body: { index_templates: [{ name, index_template: asGiven(stored) }] } }
  }

  #index(method: string, name: string): Reply {
    if (method === 'GET' && name.endsWith('/_mapping')) return { status: 200, body: {} }
    if (method === 'GET') return { status: this.indices.has(name) ? 200 : 404, body: {} }
    if (this.indices.has(name)) return fault(400, 'resource_already_exists_exception', `index [${name}] already exists`)
    this.indices.add(name)
    return ACKNOWLEDGED
  }

  #hasAlias(alias: string): boolean {
    return [...this.indices].some((index) => index.startsWith(`${alias}-`))
  }
}

interface Reply {
  readonly status: number
  readonly body: object
}

const ACKNOWLEDGED: Reply = { status: 200, body: { acknowledged: true } }

function fault(status: number, type: string, reason: string): Reply {
  return { status, body: { error: { root_cause: [{ type, reason }], type, reason }, status } }
}

/** Settings as texts, keys in another order, empty lists and the dates of newer servers added. */
function asGiven({ template, ...rest }: JsonObject): JsonObject {
  const { settings, ...others } = template as JsonObject
  return {
    composed_of: [],
    created_date_millis: 1,
    ...Object.fromEntries(Object.entries(rest).reverse()),
    template: { ...others, settings: texts(settings as JsonObject) },
  }
}

function texts(settings: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(settings), (_, value) => (typeof value === 'object' ? value : String(value)))
}
