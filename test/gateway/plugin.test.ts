import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { projectDirectory, Sandbox } from '../support/cli.js'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.js'
import { startTarget, type Target } from './target.js'

const NAME = 'idle-timeout'
const TARGET_IDLE_MS = 250
const PLUGIN_IDLE_MS = 100

const sandbox = new Sandbox()
const plugins = { directory: sandbox.path('plugins'), sequence: [NAME] }

const fixture = (name: string): Buffer => fs.readFileSync(path.join(projectDirectory, 'test/fixtures/tls', name))
const SECURE = { key: fixture('key.pem'), cert: fixture('certificate.pem') }
const TRUSTING = { targets: [{ host: 'localhost', ssl: { client: { rejectUnauthorized: false } } }] }

let plain: Target
let secure: Target

beforeAll(async () => {
  plain = await startTarget({ idleTimeoutMs: TARGET_IDLE_MS })
  secure = await startTarget({ idleTimeoutMs: TARGET_IDLE_MS, secure: SECURE })
  const written = await sandbox.hangup([
    ...['keepalive', 'plugin', '--out', path.join(plugins.directory, NAME)],
    ...['--timeout', `${PLUGIN_IDLE_MS}ms`],
  ])
  if (written.code !== 0) throw new Error(written.stderr)
})

const gateways: Gateway[] = []
afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    await gateway.stop()
    gateway.remove()
  }
})

afterAll(async () => {
  await plain.close()
  await secure.close()
  sandbox.remove()
})

async function gateway(options: Omit<GatewayOptions, 'apis'>): Promise<Gateway> {
  const started = await startGateway({
    apis: [
      { basePath: '/v1/plain', url: `http://${plain.name}` },
      { basePath: '/v1/other', url: `http://${plain.name}` },
      { basePath: '/v1/secure', url: `https://${secure.name}` },
    ],
    ...options,
    sections: { ...TRUSTING, ...options.sections },
  })
  gateways.push(started)
  return started
}

/** Statuses of requests, each one sent when the connection of the one before has been idle for longer than the target keeps it. */
async function sendSlowly(to: Gateway, basePath: string, count: number): Promise<readonly (number | null)[]> {
  const statuses: (number | null)[] = []
  for (let index = 0; index < count; index++) {
    statuses.push((await to.request(`${basePath}/${index}`)).status)
    await wait(TARGET_IDLE_MS + 10)
  }
  return statuses
}

/** What hangup says of its log, when it has ended. */
async function reportOf(from: Gateway) {
  await from.stop()
  return JSON.parse((await sandbox.hangup(['report', from.logDirectory, '--json'])).stdout)
}

const failed = (statuses: readonly (number | null)[]): number => statuses.filter((status) => status !== 200).length

describe.each([
  ['/v1/plain', 40],
  ['/v1/secure', 12],
])('of requests to %s after silences longer than the target keeps connections', (basePath, count) => {
  test('half fail without the plugin, and none with it', async () => {
    const bare = await gateway({})
    const helped = await gateway({ plugins })
    const [before, after] = await Promise.all([sendSlowly(bare, basePath, count), sendSlowly(helped, basePath, count)])
    expect({ before: failed(before), after: failed(after) }).toEqual({ before: count / 2, after: 0 })
    expect(helped.log()).toContain(`${NAME}: ${basePath}: idle connections are closed after ${PLUGIN_IDLE_MS} ms`)
    const reported = [await reportOf(bare), await reportOf(helped)]
    expect(reported).toMatchObject([
      { requests: count, failures: count / 2, ledger: { rejections: 0 } },
      { requests: count, failures: 0, ledger: { rejections: 0 } },
    ])
  })
})

test("the gateway's configuration says other times, by base path, target and for all", async () => {
  const one = await gateway({ plugins, sections: { [NAME]: { timeout: '60m', proxies: { '/v1/plain/': '100ms' } } } })
  const other = await gateway({ plugins, sections: { [NAME]: { timeout: 3_600_000, targets: { [plain.name]: 100 } } } })
  const [byBasePath, elsewhere, byTarget, otherTarget] = await Promise.all([
    sendSlowly(one, '/v1/plain', 8),
    sendSlowly(one, '/v1/other', 8),
    sendSlowly(other, '/v1/other', 8),
    sendSlowly(other, '/v1/secure', 8),
  ])
  expect([byBasePath, elsewhere, byTarget, otherTarget].map(failed)).toEqual([0, 4, 0, 4])
})

test('a time that cannot be read stops the gateway with a message', async () => {
  await expect(gateway({ plugins, sections: { [NAME]: { proxies: { '/v1/plain': 'soon' } } } })).rejects.toThrow(
    `${NAME}: not a time: proxies./v1/plain: soon`,
  )
})

test('a request that takes longer than the idle timeout is not cut', async () => {
  const helped = await gateway({ plugins })
  const slow = () => helped.request('/v1/plain/slow', { headers: { 'x-act': 'slow' } })
  expect(await slow()).toEqual({ status: 200, body: 'ok' })
  expect(await slow()).toEqual({ status: 200, body: 'ok' })
})

test("the gateway's own time limit for a request holds as before", async () => {
  const helped = await gateway({ plugins, sections: { proxies: [limited('/v1/limited')] } })
  expect(await helped.request('/v1/limited/0')).toEqual({ status: 200, body: 'ok' })
  const long = () => helped.request('/v1/limited/1', { headers: { 'x-act': 'slow' } })
  expect(await long()).toEqual({ status: 200, body: 'ok' })
  expect(await helped.request('/v1/limited/2', { headers: { 'x-act': 'hang' } })).toMatchObject({ status: 504 })
})

test('a connection that is used again within the idle timeout is kept', async () => {
  const helped = await gateway({ plugins, sections: { [NAME]: { timeout: '10s' } } })
  const before = plain.connections()
  for (let index = 0; index < 5; index++) await helped.request(`/v1/plain/${index}`)
  expect(plain.connections() - before).toBe(1)
})

test('connections that were idle before its first request are given up, too', async () => {
  const helped = await gateway({ plugins, sections: { [NAME]: { excludeUrls: '/v1/plain/excluded' } } })
  const two = (url: string) =>
    Promise.all([1, 2].map(() => helped.request(url, { headers: { 'x-act': 'slow' } }).then(({ status }) => status)))
  expect(await two('/v1/plain/excluded')).toEqual([200, 200])
  expect((await helped.request('/v1/plain/first')).status).toBe(200)
  await wait(TARGET_IDLE_MS + 10)
  expect(await two('/v1/plain/second')).toEqual([200, 200])
})

/** An API whose requests may take a second. */
function limited(basePath: string) {
  return { name: 'limited', base_path: basePath, url: `http://${plain.name}`, max_connections: 1000, timeout: 1_000 }
}
