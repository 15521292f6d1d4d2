import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Client, errors as ClientErrors, ClientOptions } from '@elastic/elasticsearch'
import { ConfigError, PermanentError, systemCode, TransientError } from '../../errors.js'

const require = createRequire(import.meta.url)
/** Loaded with the first connection: it takes a fifth of a second, and most runs make none. */
const elastic = (): typeof import('@elastic/elasticsearch') => require('@elastic/elasticsearch')

/** How to reach a cluster. Secrets come from a pipeline file's variables, from a file, or from the environment. */
export interface ConnectionOptions {
  /** URL of a node; null where `cloudId` says where it is. */
  readonly node: string | null
  readonly cloudId?: string
  readonly auth?: {
    readonly username?: string
    readonly password?: string
    readonly passwordFile?: string
    readonly apiKey?: string
    readonly apiKeyFile?: string
  }
  /** File of the certificate authority's certificate (PEM). */
  readonly ca?: string
  readonly timeoutMs: number
  /** Aborts when the run stops: requests then have a grace of `STOP_GRACE_MS` to be answered. */
  readonly signal?: AbortSignal
}

/** A stop waits no longer for a server that does not answer; well within what service managers allow a process. */
export const STOP_GRACE_MS = 10_000

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
  /** With its leading `/`; names in it are encoded by the caller. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean>>
  readonly body?: object
  /** NDJSON in place of `body`, each line ended by `\n`. */
  readonly lines?: string
  /** Statuses that are an answer and no error, besides 2xx. */
  readonly answers?: readonly number[]
  readonly signal?: AbortSignal
}

export interface Answer<Body> {
  readonly status: number
  readonly body: Body
}

/**
 * A cluster, as narrow as we need it: requests, with every fault classified. Nothing is tried again in here.
 *
 * `request` throws `TransientError` for what may pass (`store_unreachable`: no connection, timeout, 502 … 504;
 * `store_busy`: 429, with the server's delay) and `PermanentError` otherwise (`store_denied`: 401, 403;
 * `store_incompatible`: another product or an API that is not there). Messages hold no credentials.
 */
export interface Elasticsearch {
  /** As messages name it: the URL of the node, or the cloud id's name. */
  readonly name: string
  request<Body>(request: Request): Promise<Answer<Body>>
  /** Gives up the requests that are under way; those that come later fail for good. */
  close(): Promise<void>
}

/** Makes a connection without using it. Throws `ConfigError` for what is no address, no API key or no readable file. */
export function connectElasticsearch(options: ConnectionOptions): Elasticsearch {
  const name = options.node?.replace(/\/+$/, '') ?? ((options.cloudId ?? '').replace(/:.*/s, '') || 'Elastic Cloud')
  const client = clientOf(options, name)
  const end = new AbortController()
  const late = options.signal === undefined ? null : afterAbort(options.signal, STOP_GRACE_MS)
  const ended = late === null ? end.signal : AbortSignal.any([end.signal, late.signal])
  // Each request under way listens to it.
  setMaxListeners(0, ended)
  return {
    name,
    async request<Body>({ method, path, query, body, lines, answers, signal }: Request): Promise<Answer<Body>> {
      try {
        const {
          statusCode = 0,
          body: answer,
          headers,
        } = await client.transport.request<Body>(
          { method, path, querystring: query, body: body as Record<string, unknown> | undefined, bulkBody: lines },
          {
            meta: true,
            // An error of the client has no headers: they are left out with the secrets that may be in them.
            ignore: [...(answers ?? []), BUSY],
            signal: signal === undefined ? ended : AbortSignal.any([ended, signal]),
          },
        )
        if (statusCode === BUSY && !answers?.includes(BUSY)) {
          throw busy(`${method} ${path} answered ${BUSY}: ${name} (${reasonOf(answer)})`, headers?.['retry-after'])
        }
        if (statusCode >= 300 && statusCode < 400) throw redirected(name, headers?.location)
        return { status: statusCode, body: answer }
      } catch (error) {
        if (end.signal.aborted) throw closedError(name, `${method} ${path}`)
        throw storeError(error, name, `${method} ${path}`)
      }
    },
    async close() {
      late?.forget()
      end.abort()
      await client.close()
    },
  }
}

/** Aborts some time after `signal` does, unless it is forgotten before. */
function afterAbort(
  signal: AbortSignal,
  graceMs: number,
): { readonly signal: AbortSignal; readonly forget: () => void } {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    timer = setTimeout(() => late.abort(), graceMs)
  }
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return {
    signal: late.signal,
    forget() {
      signal.removeEventListener('abort', start)
      clearTimeout(timer)
    },
  }
}

function clientOf(options: ConnectionOptions, name: string): Client {
  const told = clientOptions(options)
  const { Client } = elastic()
  try {
    return new Client(told)
  } catch (error) {
    throw new ConfigError(`no address of an Elasticsearch: ${name}`, {
      code: 'config',
      hint: 'give the URL of a node, such as https://localhost:9200, or a cloud id as the deployment shows it',
      cause: error,
    })
  }
}

/** What the client is told; secrets that stand in files are read here. */
export function clientOptions({ node, cloudId, auth, ca, timeoutMs }: ConnectionOptions): ClientOptions {
  return {
    ...(node === null ? { cloud: { id: cloudId ?? '' } } : { node }),
    ...(auth !== undefined && { auth: credentials(auth) }),
    ...(ca !== undefined && { tls: { ca: readSecret(ca, 'certificate') } }),
    requestTimeout: timeoutMs,
    maxRetries: 0,
    enableMetaHeader: false,
    redaction: { type: 'remove' },
  }
}

function credentials(auth: NonNullable<ConnectionOptions['auth']>): NonNullable<ClientOptions['auth']> {
  const apiKey = auth.apiKey ?? (auth.apiKeyFile === undefined ? undefined : readSecret(auth.apiKeyFile, 'API key'))
  if (apiKey !== undefined) return { apiKey: checkedKey(apiKey) }
  const file = auth.passwordFile
  const password = auth.password ?? (file === undefined ? '' : readSecret(file, 'password'))
  return { username: auth.username ?? '', password }
}

/** What cannot stand in a header would be tried again for ever, as if the server were away. */
function checkedKey(apiKey: string): string {
  if (/^[\x21-\x7e]+$/.test(apiKey)) return apiKey
  throw new ConfigError(`no API key of Elasticsearch: ${apiKey === '' ? 'it is empty' : 'it has other characters'}`, {
    code: 'config',
    hint: 'give the key as Elasticsearch encoded it: letters, digits and signs on one line',
  })
}

function readSecret(file: string, what: string): string {
  try {
    const text = readFileSync(file, 'utf8')
    return what === 'certificate' ? text : text.trim()
  } catch (error) {
    throw new ConfigError(`cannot read the ${what}: ${file} (${systemCode(error) ?? 'unreadable'})`, {
      code: 'config',
      hint: `give the path of a file that this user may read and that holds the ${what}`,
      cause: error,
    })
  }
}

function closedError(name: string, operation: string): PermanentError {
  return new PermanentError(`the connection to Elasticsearch was closed: ${name} (${operation})`, {
    code: 'store_unreachable',
    hint: 'nothing that was not stored has been marked as done',
  })
}

/** What an error of the client means for the caller; an unknown one is given back. */
function storeError(error: unknown, name: string, operation: string): unknown {
  const { errors } = elastic()
  if (error instanceof errors.RequestAbortedError) {
    return new TransientError(`stopped before Elasticsearch answered: ${name} (${operation})`, {
      code: 'store_unreachable',
      hint: 'nothing that was not stored has been marked as done: the next run stores it',
      cause: error,
    })
  }
  if (error instanceof errors.ResponseError) return responseError(error, name, operation)
  if (error instanceof errors.TimeoutError) {
    return new TransientError(`no answer from Elasticsearch in time: ${name} (${operation})`, {
      code: 'store_unreachable',
      hint: 'look at the load of the cluster; nothing that was not stored has been marked as done',
      cause: error,
    })
  }
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError) {
    return connectionError(error, name)
  }
  if (error instanceof errors.ProductNotSupportedError) {
    return new PermanentError(`not an Elasticsearch: ${name}`, {
      code: 'store_incompatible',
      hint: 'give the URL of an Elasticsearch 8.14 or newer',
      cause: error,
    })
  }
  if (error instanceof errors.DeserializationError || systemCode(error)?.startsWith('Z_')) {
    return new TransientError(`an answer of Elasticsearch that is cut or changed: ${name} (${operation})`, {
      code: 'store_unreachable',
      hint: 'look at the proxies in between; nothing that was not stored has been marked as done',
      cause: error,
    })
  }
  return error
}

const BUSY = 429

function busy(what: string, retryAfter: unknown): TransientError {
  const hint = 'Elasticsearch is busy or out of disk: it will be tried again'
  return new TransientError(what, { code: 'store_busy', hint, retryAfterMs: delayOf(retryAfter) })
}

function redirected(name: string, location: unknown): PermanentError {
  const isUrl = typeof location === 'string' && URL.canParse(location, name)
  const where = isUrl ? new URL(location, name).origin : 'another place'
  return new PermanentError(`not an Elasticsearch, but what leads to ${where}: ${name}`, {
    code: 'store_incompatible',
    hint: 'give the URL of Elasticsearch itself, with https where it asks for that',
  })
}

const CERTIFICATE = /certificate|self.signed|CERT_|altname/i

function connectionError(error: Error, name: string): TransientError | PermanentError {
  // Trust does not come back by waiting.
  if (CERTIFICATE.test(error.message)) {
    return new PermanentError(`the certificate of Elasticsearch is not trusted: ${name} (${error.message})`, {
      code: 'store_denied',
      hint: "give its certificate authority's certificate with the option ca, and the host name that it is made for",
      cause: error,
    })
  }
  return new TransientError(`Elasticsearch cannot be reached: ${name} (${error.message})`, {
    code: 'store_unreachable',
    hint: 'is it running, and is this its address? Nothing that was not stored has been marked as done',
    cause: error,
  })
}

function responseError(error: ClientErrors.ResponseError, name: string, operation: string): unknown {
  const status = error.statusCode ?? 0
  const what = `${operation} answered ${status}: ${name} (${reasonOf(error.body)})`
  if (status === 401 || status === 403) {
    const hint = 'check user, password or API key, and the privileges that the README lists'
    return new PermanentError(what, { code: 'store_denied', hint, cause: error })
  }
  if (status >= 500) {
    const hint = 'Elasticsearch is starting, overloaded or has lost shards: look at its health'
    return new TransientError(what, { code: 'store_unreachable', hint, cause: error })
  }
  return new PermanentError(what, {
    code: 'store_incompatible',
    hint: 'is this an Elasticsearch 8.14 or newer, with the templates that hangup setup elasticsearch installs?',
    cause: error,
  })
}

/** The HTTP status that an error of `request` stands for; 0 where there was no answer. */
export function statusOf(error: unknown): number {
  const { cause } = (error ?? {}) as { readonly cause?: unknown }
  return cause instanceof elastic().errors.ResponseError ? (cause.statusCode ?? 0) : 0
}

/** The reason in an error's body; bodies are objects, or a text where no API answered. */
export function reasonOf(body: unknown): string {
  const error = (body as { readonly error?: unknown } | null | undefined)?.error ?? body
  if (typeof error === 'string') return error.slice(0, 300) || NO_REASON
  const { type, reason, additional_unsuccessful_credentials: refused } = (error ?? {}) as Reason
  const told = [type, reason].filter((part) => typeof part === 'string').join(': ')
  // Why a key that was good is so no longer: invalidated, expired.
  return (typeof refused === 'string' ? `${told}; ${refused}` : told).slice(0, 300) || NO_REASON
}

interface Reason {
  readonly type?: unknown
  readonly reason?: unknown
  readonly additional_unsuccessful_credentials?: unknown
}

const NO_REASON = 'no reason given'

/** `Retry-After` in seconds or as a date, in milliseconds; null where it is absent or neither. */
function delayOf(header: unknown): number | null {
  if (typeof header !== 'string') return null
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000
  const untilMs = Date.parse(header)
  return Number.isNaN(untilMs) ? null : Math.max(0, untilMs - Date.now())
}
