import net from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { HealthState } from '../../src/observability/health.js'
import { type HttpServer, serveHttp } from '../../src/observability/http.js'

const RUNNING: HealthState = { phase: 'running', idleMs: 0, waitsForLines: false, sinks: [], nowMs: 0 }

const servers: HttpServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function serve({
  health = RUNNING,
  text = async () => 'x 1\n',
  port = 0,
}: {
  health?: HealthState
  text?: () => Promise<string>
  port?: number
} = {}): Promise<HttpServer> {
  const server = await serveHttp({
    listen: { host: '127.0.0.1', port },
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text },
    health: () => health,
  })
  servers.push(server)
  return server
}

describe('the server', () => {
  test('serves metrics in the form that Prometheus reads', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics?a=b`)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    expect(await response.text()).toBe('x 1\n')
  })

  test('says that all is well', async () => {
    const { url } = await serve()
    for (const page of ['livez', 'readyz']) {
      const response = await fetch(`${url}/${page}`)
      expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
    }
  })

  test('says why not: a run that stands still is not alive, one that stops is alive and not ready', async () => {
    const still = await serve({ health: { ...RUNNING, idleMs: 90_000 } })
    const alive = await fetch(`${still.url}/livez`)
    expect([alive.status, await alive.text()]).toEqual([503, 'the run has not moved for 90 s\n'])
    const stopping = await serve({ health: { ...RUNNING, phase: 'stopping' } })
    expect((await fetch(`${stopping.url}/livez`)).status).toBe(200)
    const ready = await fetch(`${stopping.url}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([503, 'stopping\n'])
  })

  test.each(['/', '/metricsx', '/metrics/', '/toString', '/__proto__', '//metrics'])(
    'knows nothing else: %s',
    async (path) => {
      const { url } = await serve()
      expect((await fetch(`${url}${path}`)).status).toBe(404)
    },
  )

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s and says what it takes', async (method) => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics`, {
      method,
      body: method === 'OPTIONS' ? undefined : 'x'.repeat(100_000),
    })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('answers HEAD without a body', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '4', ''])
  })

  test('goes on where one answer fails, and tells nothing of why', async () => {
    const { url } = await serve({ text: () => Promise.reject(new Error('a secret')) })
    const response = await fetch(`${url}/metrics`)
    expect([response.status, await response.text()]).toEqual([500, 'internal error\n'])
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  test('goes on where a client sends what is no HTTP', async () => {
    const { url } = await serve()
    const { port, hostname } = new URL(url)
    await new Promise<void>((resolve) => {
      const socket = net.connect(Number(port), hostname, () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'))
      socket.on('error', () => {}).on('close', () => resolve())
      socket.resume()
    })
    expect((await fetch(`${url}/livez`)).status).toBe(200)
  })

  test('says so where its port is taken', async () => {
    const { url } = await serve()
    const { port } = new URL(url)
    await expect(serve({ port: Number(port) })).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'address_unusable',
      message: `cannot listen (in use): 127.0.0.1:${port}`,
    })
  })

  test('says so where the address is none of this machine', async () => {
    const serving = serveHttp({
      listen: { host: '203.0.113.1', port: 9464 },
      metrics: { contentType: '', text: async () => '' },
      health: () => RUNNING,
    })
    await expect(serving).rejects.toMatchObject({
      code: 'address_unusable',
      message: 'cannot listen: 203.0.113.1:9464',
    })
  })

  test('ends at once, whoever is still connected', async () => {
    const server = await serve()
    const { port, hostname } = new URL(server.url)
    const socket = net.connect(Number(port), hostname)
    await new Promise<void>((resolve) => socket.on('connect', () => resolve()))
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()).on('error', () => {}))
    await server.close()
    await closed
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow()
  })
})
