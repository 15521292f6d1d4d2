import http from 'node:http'
import https from 'node:https'
import { PermanentError, systemCode, TransientError } from '../errors.js'

export interface KibanaOptions {
  /** With the base path that Kibana is served under, if it has one. */
  readonly url: string
  readonly space: string | null
  readonly auth: KibanaAuth | null
  /** Certificate authority's certificate (PEM); null for those that Node trusts. */
  readonly ca: string | null
  readonly timeoutMs: number
}

export type KibanaAuth = { readonly apiKey: string } | { readonly username: string; readonly password: string }

export interface KibanaRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** With its leading `/`, without space. */
  readonly path: string
  readonly body?: object
  /** A file in place of `body`, sent as the form that imports ask for. */
  readonly file?: { readonly name: string; readonly content: string }
  /** Statuses that are an answer and no error, besides 2xx. */
  readonly answers?: readonly number[]
  /** False for what stands outside of any space. */
  readonly inSpace?: boolean
}

export interface KibanaAnswer {
  readonly status: number
  /** Parsed where it is JSON, else the text. */
  readonly body: unknown
}

/**
 * A Kibana, as narrow as we need it. `request` throws `TransientError` (`store_unreachable`: no connection, no answer in
 * time, 502 … 504; `store_busy`: 429) or `PermanentError` (`store_denied`: 401, 403, a certificate that is not trusted;
 * `store_incompatible`: everything else). Messages hold no credentials. Nothing is tried again in here.
 */
export interface Kibana {
  /** As messages name it. */
  readonly name: string
  request(request: KibanaRequest): Promise<KibanaAnswer>
}

/** Makes a connection without using it. */
export function connectKibana(options: KibanaOptions): Kibana {
  const base = options.url.replace(/\/+$/, '')
  return {
    name: base,
    async request(request) {
      const space = request.inSpace === false || options.space === null ? '' : `/s/${encodeURIComponent(options.space)}`
      const operation = `${request.method} ${request.path}`
      const answer = await send(`${base}${space}${request.path}`, request, options).catch((error: unknown) => {
        throw connectionError(error, base)
      })
      if ((answer.status >= 200 && answer.status < 300) || request.answers?.includes(answer.status)) return answer
      throw answerError(answer, base, operation)
    },
  }
}

/** What Kibana says in an error's body. */
export function reasonOf(body: unknown): string {
  const message = (body as { readonly message?: unknown } | null)?.message
  const text = typeof message === 'string' ? message : typeof body === 'string' ? body : ''
  return text.replace(/\s+/g, ' ').slice(0, 300) || 'no reason given'
}

const BOUNDARY = '----hangup-import-f3b0c2'

function send(url: string, request: KibanaRequest, { auth, ca, timeoutMs }: KibanaOptions): Promise<KibanaAnswer> {
  const content = contentOf(request)
  const headers: Record<string, string> = {
    accept: 'application/json',
    // Kibana refuses what changes something without it: no foreign page can send it.
    'kbn-xsrf': 'true',
    ...(auth !== null && { authorization: authorizationOf(auth) }),
    ...(content !== null && { 'content-type': content.type, 'content-length': String(content.bytes.length) }),
  }
  const secure = url.startsWith('https:')
  return new Promise((resolve, reject) => {
    const options = { method: request.method, headers, signal: AbortSignal.timeout(timeoutMs) }
    const sent = secure ? https.request(url, { ...options, ...(ca !== null && { ca }) }) : http.request(url, options)
    sent.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = []
      response
        .on('error', reject)
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString()) }))
    })
    sent.end(content?.bytes)
  })
}

function contentOf({ body, file }: KibanaRequest): { readonly type: string; readonly bytes: Buffer } | null {
  if (file !== undefined) {
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${file.name}"\r\nContent-Type: application/ndjson\r\n\r\n`
    return {
      type: `multipart/form-data; boundary=${BOUNDARY}`,
      bytes: Buffer.from(`${head}${file.content}\r\n--${BOUNDARY}--\r\n`),
    }
  }
  return body === undefined ? null : { type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) }
}

function authorizationOf(auth: KibanaAuth): string {
  if ('apiKey' in auth) return `ApiKey ${auth.apiKey}`
  return `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const CERTIFICATE = /certificate|self.signed|CERT_|altname/i

function connectionError(error: unknown, name: string): TransientError | PermanentError {
  const said = systemCode(error) ?? (error instanceof Error ? error.message : String(error))
  const reason = said === 'ABORT_ERR' ? 'no answer in time' : said
  if (CERTIFICATE.test(reason)) {
    const hint = 'name the file of its certificate authority in KIBANA_CA'
    const message = `the certificate of Kibana is not trusted: ${name} (${reason})`
    return new PermanentError(message, { code: 'store_denied', hint, cause: error })
  }
  return new TransientError(`Kibana cannot be reached: ${name} (${reason})`, {
    code: 'store_unreachable',
    hint: 'is it running, and is this its address?',
    cause: error,
  })
}

function answerError({ status, body }: KibanaAnswer, name: string, operation: string): TransientError | PermanentError {
  const message = `${operation} answered ${status}: ${name} (${reasonOf(body)})`
  if (status === 401) {
    const hint = 'set KIBANA_API_KEY, or KIBANA_USERNAME and KIBANA_PASSWORD (each also as …_FILE)'
    return new PermanentError(message, { code: 'store_denied', hint })
  }
  if (status === 403) {
    const hint = 'the user needs the privileges of Kibana for saved objects and stack rules in this space'
    return new PermanentError(message, { code: 'store_denied', hint })
  }
  if (status === 429) return new TransientError(message, { code: 'store_busy', hint: 'try again later' })
  if (status >= 502 && status <= 504) {
    const hint = 'Kibana is starting or cannot reach its Elasticsearch: try again later'
    return new TransientError(message, { code: 'store_unreachable', hint })
  }
  const hint = 'is this a Kibana 8.14 or newer, and the URL with its base path?'
  return new PermanentError(message, { code: 'store_incompatible', hint })
}
