import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, fault, ok, type State } from './answer.js'
import { importAnswer } from './stand-in-import.js'
import { ruleAnswer } from './stand-in-rules.js'

export interface StandInOptions {
  readonly version?: string
  readonly spaces?: readonly string[]
  /** Types of connectors by id; those of the default space. */
  readonly connectors?: Readonly<Record<string, string>>
  /** What `authorization` must be; absent: anything. */
  readonly authorization?: string
  /** Refuses everything to this user, as to one without privileges. */
  readonly forbids?: boolean
}

export interface StandIn {
  readonly url: string
  /** `<METHOD> <path>` of all requests that came. */
  readonly requests: readonly string[]
  state(space?: string): State
  close(): Promise<void>
}

/**
 * A server that takes what Kibana takes and refuses what Kibana refuses, in its words; what it knows comes from Kibana's
 * source and documentation. It draws nothing and runs no rule.
 */
export async function startKibana(options: StandInOptions = {}): Promise<StandIn> {
  const { version = '9.1.0', spaces = [] } = options
  const states = new Map<string, State>()
  const requests: string[] = []
  const state = (space = 'default'): State => {
    const made = states.get(space) ?? { version, objects: new Map(), rules: new Map() }
    states.set(space, made)
    return made
  }
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      const { status, body } = answer(request, Buffer.concat(chunks).toString('utf8'))
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    })
  })

  function answer(request: http.IncomingMessage, content: string): Answer {
    const { method = 'GET', headers } = request
    const [, space = 'default', path] = /^(?:\/s\/([^/]+))?(\/.*)$/.exec(request.url ?? '/') ?? []
    if (options.authorization !== undefined && headers.authorization !== options.authorization) {
      return fault(401, 'Unauthorized', 'unable to authenticate user')
    }
    if (method !== 'GET' && headers['kbn-xsrf'] === undefined) {
      return fault(400, 'Bad Request', 'Request must contain a kbn-xsrf header.')
    }
    if (path === '/api/status') return ok({ version: { number: version }, status: { overall: { level: 'available' } } })
    if (options.forbids) return fault(403, 'Forbidden', 'Forbidden')
    const [, id] = /^\/api\/spaces\/space\/(.+)$/.exec(path) ?? []
    if (id !== undefined) {
      return id === 'default' || spaces.includes(id) ? ok({ id }) : fault(404, 'Not Found', 'Not Found')
    }
    const [, connector] = /^\/api\/actions\/connector\/(.+)$/.exec(path) ?? []
    if (connector !== undefined) {
      const type = space === 'default' ? options.connectors?.[connector] : undefined
      if (type !== undefined) return ok({ id: connector, connector_type_id: type, name: connector })
      return fault(404, 'Not Found', `Saved object [action/${connector}] not found`)
    }
    if (path.startsWith('/api/saved_objects/')) return importAnswer(path, headers, content, state(space))
    if (path.startsWith('/api/alerting/rule/')) {
      const others = [...states].filter(([other]) => other !== space).map(([, each]) => each)
      return ruleAnswer(method, path, headers, content, state(space), others)
    }
    return fault(404, 'Not Found', 'Not Found')
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    state,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
