import { type ConfiguredProxy, ProxyFinder } from '../enrich/proxy.js'
import { decode, type EventView, Field, Role } from '../event-view.js'
import type { Connection, Half, HalfRole, LineSource, RequestFacts } from '../records.js'
import type { Redactor } from '../redact/redactor.js'
import { digest } from './document.js'
import { LineBytes } from './ship/line-bytes.js'
import { writeRedactedEvent } from './ship/redact-event.js'

export interface RequestReaderOptions {
  readonly redactor: Redactor
  readonly proxies?: readonly ConfiguredProxy[]
  /** The gateway's host name, where it is not to be taken from the file's name. */
  readonly gateway?: string
}

/** Reads what an event says of its request: redacted, and with the base path of its proxy. */
export class RequestReader {
  readonly finder: ProxyFinder
  readonly #redactor: Redactor
  readonly #gateway: string | undefined

  constructor({ redactor, proxies = [], gateway }: RequestReaderOptions) {
    this.finder = new ProxyFinder(proxies)
    this.#redactor = redactor
    this.#gateway = gateway
  }

  gatewayOf(source: LineSource): string | null {
    return this.#gateway ?? source.gateway
  }

  /**
   * The correlation id, or what stands for a line without one: the same line of the same gateway is the same failure. The
   * digest is that of the line without its secrets, so that none can be guessed from it, and a line that was shipped
   * without them is the same one.
   */
  idOf(view: EventView): string {
    const correlationId = view.text(Field.correlationId)
    if (correlationId !== null) return correlationId
    const line = new LineBytes()
    line.text(`${this.gatewayOf(view.source) ?? ''}\n`)
    writeRedactedEvent(view, this.#redactor, line)
    return `line:${digest(line.take())}`
  }

  half(view: EventView, connection: Connection = null): Half {
    const clientId = view.knownText(Field.clientId)
    return {
      role: HALF_ROLES[view.role] ?? 'client',
      timeMs: view.timeMs,
      level: view.knownText(Field.level) ?? '',
      host: this.#redactor.host(view.knownText(Field.host), clientId),
      status: view.number(Field.status),
      errorMessage: this.#redactor.text(view.knownText(Field.errorMessage), clientId),
      errorCode: view.knownText(Field.errorCode),
      elapsedMs: view.number(Field.timeTaken) ?? elapsedOfEmpty(view.role),
      connection,
      position: { source: view.source.path, offset: view.offset },
    }
  }

  facts(view: EventView): RequestFacts {
    const clientId = view.knownText(Field.clientId)
    const isCertain = view.uncertain.length === 0
    const { path, query } = this.#redactor.url(view.text(Field.url), clientId)
    return {
      correlationId: view.text(Field.correlationId),
      org: view.knownText(Field.org),
      env: view.knownText(Field.env),
      method: view.knownText(Field.method),
      path,
      query,
      // An attacker's text may pass for these two: better none than his.
      clientIp: isCertain ? view.knownText(Field.clientIp) : null,
      clientKey: isCertain ? this.#redactor.clientKey(clientId) : null,
      worker: view.knownText(Field.pid),
      gateway: this.gatewayOf(view.source),
      proxy: this.proxyOf(view),
    }
  }

  /** Base path without its leading `/`; null where the gateway logged no url, or one without a path. */
  proxyOf(view: EventView): string | null {
    const { bytes, start, end } = view
    const urlStart = start[Field.url]
    const urlEnd = end[Field.url]
    const from = this.finder.startOfBasePath(bytes, urlStart, urlEnd)
    const to = this.finder.endOfBasePath(bytes, urlStart, urlEnd)
    return to > from ? this.#redactor.basePath(decode(bytes, from, to), view.knownText(Field.clientId)) : null
  }
}

const HALF_ROLES: Readonly<Record<number, HalfRole>> = {
  [Role.targetRequestError]: 'request_error',
  [Role.targetResponseError]: 'response_error',
  [Role.targetResponseAborted]: 'response_aborted',
  [Role.client]: 'client',
}

/** The gateway prints a time taken of 0 ms as an empty field (`d || ''`); a client half has none. */
function elapsedOfEmpty(role: Role): number | null {
  return role === Role.client ? null : 0
}
