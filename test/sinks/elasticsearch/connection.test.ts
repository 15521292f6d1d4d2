import { once } from 'node:events'
import fs from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from '@jest/globals'
import { ConfigError, type HangupError, PermanentError, TransientError } from '../../../src/errors.js'
import {
  type ConnectionOptions,
  clientOptions,
  connectElasticsearch,
  type Elasticsearch,
  reasonOf,
  statusOf,
} from '../../../src/sinks/elasticsearch/connection.js'

const HEADERS = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' }

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-connection-'))
const ends: (() => unknown)[] = [() => fs.rmSync(directory, { recursive: true, force: true })]

afterEach(async () => {
  for (const end of ends.splice(1)) await end()
})

function file(name: string, text: string): string {
  const written = path.join(directory, name)
  fs.mkdirSync(directory, { recursive: true })
  fs.writeFileSync(written, text)
  return written
}

describe('what the client is told', () => {
  const told = (options: Partial<ConnectionOptions>) =>
    clientOptions({ node: 'http://a:9200', timeoutMs: 1, ...options })

  test('is a node, a cloud id in its place, and nothing to try again', () => {
    expect(told({})).toEqual({
      node: 'http://a:9200',
      requestTimeout: 1,
      maxRetries: 0,
      enableMetaHeader: false,
      redaction: { type: 'remove' },
    })
    expect(told({ node: null, cloudId: 'name:YQ==' })).toMatchObject({ cloud: { id: 'name:YQ==' } })
    expect(told({ node: null, cloudId: 'name:YQ==' })).not.toHaveProperty('node')
  })

  test.each([
    ['a password', { username: 'u', password: ' p ' }, { username: 'u', password: ' p ' }],
    ['a file with a password', { username: 'u', passwordFile: 'p a s s\n' }, { username: 'u', password: 'p a s s' }],
    ['a file of another system', { username: 'u', passwordFile: 'pass\r\n' }, { username: 'u', password: 'pass' }],
    ['an API key', { apiKey: 'a2V5' }, { apiKey: 'a2V5' }],
    ['a file with an API key', { apiKeyFile: 'a2V5==\n' }, { apiKey: 'a2V5==' }],
  ])('is who we are: %s', (_, { passwordFile, apiKeyFile, ...auth }: NonNullable<ConnectionOptions['auth']>, is) => {
    const files = {
      ...(passwordFile !== undefined && { passwordFile: file('password', passwordFile) }),
      ...(apiKeyFile !== undefined && { apiKeyFile: file('key', apiKeyFile) }),
    }
    expect(told({ auth: { ...auth, ...files } }).auth).toEqual(is)
  })

  test('is the certificate as it stands in its file', () => {
    expect(told({ ca: file('ca.pem', '-----BEGIN\n\n') }).tls).toEqual({ ca: '-----BEGIN\n\n' })
  })

  test.each([
    ['password', { auth: { username: 'u', passwordFile: '/no/such/file' } }],
    ['API key', { auth: { apiKeyFile: '/no/such/file' } }],
    ['certificate', { ca: '/no/such/file' }],
  ])('needs a file that can be read: the %s', (what, options) => {
    expect(thrownBy(() => told(options))).toMatchObject({
      code: 'config',
      message: `cannot read the ${what}: /no/such/file (ENOENT)`,
    })
  })

  test.each(['', 'two\nlines', 'schlüssel-secret', 'a secret'])('is no API key that cannot be one: %j', (apiKey) => {
    for (const auth of [{ apiKey }, { apiKeyFile: file('key', apiKey) }]) {
      const error = thrownBy(() => told({ auth }))
      expect(error).toMatchObject({ code: 'config', message: expect.stringMatching(/^no API key of Elasticsearch: /) })
      expect(inspect(error)).not.toMatch(/secret|two/)
    }
  })

  test.each([
    ['http://host:port', { node: 'http://host:port' }],
    ['a port that none has', { node: 'http://host:99999' }],
    ['a cloud id that names no host', { node: null, cloudId: 'name:abcd' }],
  ])('is an address: not %s', (_, options) => {
    expect(thrownBy(() => connectElasticsearch({ timeoutMs: 1, ...options }))).toMatchObject({
      code: 'config',
      message: expect.stringMatching(/^no address of an Elasticsearch: (http:\/\/host|name)/),
    })
  })
})

test.each([
  ['http://host:9200///', 'http://host:9200', { node: 'http://host:9200///' }],
  ['the name in the cloud id', 'name', { node: null, cloudId: `name:${base64('host$id')}` }],
  ['Elastic Cloud, where that has none', 'Elastic Cloud', { node: null, cloudId: `:${base64('host$id')}` }],
])('messages name the cluster: %s', async (_, name, options) => {
  const elasticsearch = connectElasticsearch({ timeoutMs: 1, ...options })
  expect(elasticsearch.name).toBe(name)
  await elasticsearch.close()
})

describe('a request', () => {
  test('is an answer with its status, where that is one that was asked for', async () => {
    const elasticsearch = await serving(json(404, { found: false }))
    const answer = await elasticsearch.request({ method: 'GET', path: '/a/_doc/1', answers: [404] })
    expect(answer).toEqual({ status: 404, body: { found: false } })
  })

  test('carries what it is given', async () => {
    const seen: unknown[] = []
    const elasticsearch = await serving(
      (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        request.on('end', () => {
          const { authorization, 'content-type': type } = request.headers
          seen.push([request.method, request.url, type, authorization, Buffer.concat(chunks).toString()])
          json(200, {})(request, response)
        })
      },
      { auth: { username: 'ü', password: 'pä€ß' } },
    )
    await elasticsearch.request({ method: 'POST', path: '/a%2Cb', query: { x: true }, body: { a: 1 } })
    await elasticsearch.request({ method: 'POST', path: '/_bulk', lines: '{}\n' })
    const basic = `Basic ${base64('ü:pä€ß')}`
    expect(seen).toEqual([
      ['POST', '/a%2Cb?x=true', expect.stringContaining('json'), basic, '{"a":1}'],
      ['POST', '/_bulk', expect.stringContaining('ndjson'), basic, '{}\n'],
    ])
  })

  test.each([401, 403])('that is answered %i is denied', async (status) => {
    const error = await faultOf(json(status, { error: { type: 'security_exception', reason: 'who?' }, status }))
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({
      code: 'store_denied',
      message: expect.stringMatching(
        new RegExp(`^GET /x answered ${status}: http://\\S+ \\(security_exception: who\\?\\)$`),
      ),
      hint: expect.stringContaining('privileges'),
    })
    expect(statusOf(error)).toBe(status)
  })

  test.each([400, 404, 405, 410])('that is answered %i found something else than we know', async (status) => {
    const error = await faultOf(json(status, { error: 'no handler found' }))
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({ code: 'store_incompatible', message: expect.stringContaining('(no handler found)') })
  })

  test.each([500, 502, 503, 504])('that is answered %i may succeed later', async (status) => {
    const error = await faultOf(json(status, { error: { type: 'x', reason: 'y' } }))
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({ code: 'store_unreachable', retryAfterMs: null })
  })

  test.each([
    ['seconds', '7', 7_000],
    ['no seconds', '0', 0],
    ['a date', () => new Date(Date.now() + 90_000).toUTCString(), 90_000],
    ['a date that is past', 'Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['nothing', undefined, null],
    ['rubbish', 'soon', null],
    ['too many digits', '99999999', null],
  ])('that is answered 429 waits as long as Retry-After says: %s', async (_, header, delayMs) => {
    const value = typeof header === 'function' ? header() : header
    const error = await faultOf(json(429, {}, value === undefined ? {} : { 'retry-after': value }))
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({ code: 'store_busy' })
    const { retryAfterMs } = error as TransientError
    if (delayMs === null) expect(retryAfterMs).toBeNull()
    else expect(Math.abs((retryAfterMs ?? Number.NaN) - delayMs)).toBeLessThan(5_000)
  })

  test.each<[string, RequestListener]>([
    ['is refused', () => {}],
    ['is reset', (request) => request.socket.destroy()],
    ['is cut off in the middle', cut({ 'content-length': '1000' })],
    ['is cut off in the middle of a stream', cut({})],
    ['is no HTTP', (request) => request.socket.end('SSH-2.0-OpenSSH\r\n')],
  ])('whose answer %s may succeed later', async (what, answer) => {
    const elasticsearch = await serving(answer)
    if (what === 'is refused') await ends.pop()!()
    const error = await thrown(elasticsearch)
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringMatching(/^Elasticsearch cannot be reached: http:\/\/127\.0\.0\.1:\d+ \(.+\)$/s),
    })
    expect(statusOf(error)).toBe(0)
  })

  test.each<[string, RequestListener]>([
    ['at all', () => {}],
    ['to its end', (_, response) => response.writeHead(200, HEADERS).write('{"a":')],
  ])('that is not answered in time %s may succeed later', async (_, answer) => {
    const error = await thrown(await serving(answer, { timeoutMs: 300 }))
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({ code: 'store_unreachable', message: expect.stringMatching(/in time|Timeout/) })
  })

  test.each<[string, RequestListener]>([
    ['an answer that is cut', text(200, '{"items":[1,2', HEADERS)],
    ['an error that is cut', text(503, '{"error":', HEADERS)],
    ['a compression that is none', text(200, '{}', { ...HEADERS, 'content-encoding': 'gzip' })],
    [
      'a compression that is cut',
      text(200, gzipSync('{"a":1}').subarray(0, 20), { ...HEADERS, 'content-encoding': 'gzip' }),
    ],
  ])('may succeed later after %s', async (_, answer) => {
    const error = await faultOf(answer)
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({
      code: 'store_unreachable',
      message: expect.stringMatching(/^an answer of Elasticsearch that is cut or changed: http:\S+ \(GET \/x\)$/),
    })
  })

  test.each<[string, RequestListener]>([
    ['another product', text(200, '{"version":{"number":"2.11.0"}}', { 'content-type': 'application/json' })],
    ['the page of a proxy', text(200, '<html>sign in</html>', { 'content-type': 'text/html' })],
    ['what leads elsewhere', text(302, '', { location: 'https://login.example/secret?x=secret' })],
    ['what leads elsewhere and does not say where', text(307, '', {})],
  ])('to %s is no request to an Elasticsearch', async (_, answer) => {
    const error = await faultOf(answer)
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({ code: 'store_incompatible', message: expect.stringMatching(/^not an Elasticsearch/) })
    expect((error as HangupError).message).not.toContain('secret')
  })

  test.each([
    [502, TransientError, 'store_unreachable'],
    [403, PermanentError, 'store_denied'],
  ])('that a proxy answers with a page and %i is told with its beginning', async (status, type, code) => {
    const page = `<html>${'x'.repeat(1_000)}</html>`
    const error = await faultOf(text(status, page, { 'content-type': 'text/html' }))
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ code, message: expect.stringMatching(/ \(<html>x{294}\)$/) })
  })

  test('that is stopped may be made again', async () => {
    const stop = new AbortController()
    const elasticsearch = await serving(() => stop.abort())
    const error = await thrown(elasticsearch, stop.signal)
    expect(error).toBeInstanceOf(TransientError)
    expect(error).toMatchObject({ message: expect.stringContaining('stopped before Elasticsearch answered') })
  })

  test('under way when the connection is closed is given up, and so is a later one', async () => {
    const elasticsearch = await serving(() => elasticsearch.close())
    for (const each of [await thrown(elasticsearch), await thrown(elasticsearch)]) {
      expect(each).toBeInstanceOf(PermanentError)
      expect(each).toMatchObject({ message: expect.stringContaining('was closed') })
    }
  })

  test.each([
    [{ username: 'u', password: 'secret-1' }, json(401, {})],
    [{ apiKey: 'secret-1' }, json(403, {})],
    [{ apiKey: 'secret-1' }, json(503, {})],
    [{ apiKey: 'secret-1' }, text(200, '{', HEADERS)],
    [{ username: 'u', password: 'secret-1' }, ((request) => request.socket.destroy()) as RequestListener],
  ])('has no secret in its error, however deep one looks: %j', async (auth, answer) => {
    const told = inspect(await faultOf(answer, { auth }), { depth: 20, showHidden: true })
    expect(told).toMatch(/^(Transient|Permanent)Error: .*127\.0\.0\.1/)
    expect(told).not.toMatch(new RegExp(`secret-1|${base64('u:secret-1')}`))
  })
})

test.each([
  [{ error: { type: 'a', reason: 'b' } }, 'a: b'],
  [{ error: { type: 'a', reason: null } }, 'a'],
  [{ error: { type: 'a', reason: 'b', additional_unsuccessful_credentials: 'API key: c' } }, 'a: b; API key: c'],
  [{ error: 'text' }, 'text'],
  ['', 'no reason given'],
  [undefined, 'no reason given'],
  [null, 'no reason given'],
  [{ error: { reason: 'r'.repeat(1_000) } }, 'r'.repeat(300)],
])('the reason of a body: %j', (body, reason) => {
  expect(reasonOf(body)).toBe(reason)
})

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): RequestListener {
  return text(status, JSON.stringify(body), { ...HEADERS, ...headers })
}

function text(status: number, body: string | Buffer, headers: Readonly<Record<string, string>>): RequestListener {
  return (_, response) => response.writeHead(status, { ...headers }).end(body)
}

/** Sends a piece of an answer, and ends the connection once it is out. */
function cut(headers: Readonly<Record<string, string>>): RequestListener {
  return (request, response) => {
    response.writeHead(200, { ...HEADERS, ...headers }).write('{"a":', () => request.socket.destroy())
  }
}

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64')
}

/** A connection to a server of its own, on which the last of `ends` is the server's. */
async function serving(answer: RequestListener, options: Partial<ConnectionOptions> = {}): Promise<Elasticsearch> {
  const server: Server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const node = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const elasticsearch = connectElasticsearch({ node, timeoutMs: 10_000, ...options })
  ends.push(
    () => elasticsearch.close(),
    () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  )
  return elasticsearch
}

async function faultOf(answer: RequestListener, options?: Partial<ConnectionOptions>): Promise<unknown> {
  return thrown(await serving(answer, options))
}

async function thrown(elasticsearch: Elasticsearch, signal?: AbortSignal): Promise<unknown> {
  return elasticsearch.request({ method: 'GET', path: '/x', signal }).then(
    () => 'no error',
    (error: unknown) => error,
  )
}

function thrownBy(attempt: () => unknown): ConfigError {
  try {
    attempt()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('nothing thrown')
}
