import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pluginFiles } from '../../../src/keepalive/plugin/files.js'
import { writePlugin } from '../../../src/keepalive/plugin/write.js'

/** What the gateway calls; what it is in a real gateway, `test/gateway` shows. */
interface Plugin {
  init(
    config: object,
    logger: object,
  ): { onrequest(request: object, response: { readonly proxy?: object }, next: () => void): void }
}

let directory: string
let plugin: Plugin
beforeAll(async () => {
  directory = path.join(await mkdtemp(path.join(os.tmpdir(), 'hangup-plugin-')), 'idle')
  const settings = { timeoutMs: 4_000, proxies: { '/v1/a': 1_000 }, targets: { '[::1]:80': 2_000 } }
  await writePlugin(directory, pluginFiles('idle', settings, '1.0.0'))
  plugin = createRequire(import.meta.url)(directory)
})
afterAll(() => rm(path.dirname(directory), { recursive: true, force: true }))

/** The timeout that an agent has after the first request to an API. */
function timeoutOf(config: object, basePath: string, url: string): unknown {
  const agent = new http.Agent({ keepAlive: true })
  const { hostname, port, protocol } = new URL(url)
  const parsedUrl = { hostname: hostname.replace(/[[\]]/g, ''), port: port || null, protocol }
  let calls = 0
  plugin.init(config, {}).onrequest({}, { proxy: { agent, base_path: basePath, parsedUrl } }, () => calls++)
  expect(calls).toBe(1)
  return Reflect.get(Reflect.get(agent, 'options'), 'timeout')
}

test.each<[string, object, string, string, number]>([
  ['the time that it was written with', {}, '/v1/b', 'http://t:8080', 4_000],
  ['that of a base path', {}, '/v1/a/', 'http://t:8080', 1_000],
  ['that of a target, its port by its scheme', {}, '/v1/b', 'http://[::1]/x', 2_000],
  ["the gateway's time for all", { timeout: 3_000 }, '/v1/b', 'http://t:8080', 3_000],
  ["the gateway's time as text", { timeout: '1.5s' }, '/v1/b', 'http://t:8080', 1_500],
  ["the gateway's time for a target", { targets: { 't:443': '700ms' } }, '/v1/b', 'https://t', 700],
  ['the base path before the target', { targets: { 't:443': '700ms' } }, '/v1/a', 'https://t', 1_000],
])('uses %s', (_, config, basePath, url, expected) => {
  expect(timeoutOf(config, basePath, url)).toBe(expected)
})

test.each(['soon', '0', -1, '5 s', null, {}])('refuses %j as a time, and names it', (timeout) => {
  expect(() => plugin.init({ timeout }, {})).toThrow(/^idle: not a time: timeout: /)
})

test('lets requests pass that have no API, and agents that are none of Node', () => {
  const { onrequest } = plugin.init({}, {})
  const passed: string[] = []
  onrequest({}, {}, () => passed.push('no API'))
  onrequest({}, { proxy: { base_path: '/t', agent: { options: {} } } }, () => passed.push('tunnel'))
  expect(passed).toEqual(['no API', 'tunnel'])
})

test('takes connections out of the pool that were closed in the same turn of the event loop', async () => {
  const server = http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new http.Agent({ keepAlive: true })
  const get = async (): Promise<number | undefined> => {
    const [response] = await once(http.get({ host: '127.0.0.1', port, agent }), 'response')
    const freed = once(agent, 'free')
    response.resume()
    await freed
    return response.statusCode
  }
  const { onrequest } = plugin.init({}, {})
  await Promise.all([get(), get()])
  const [free] = Object.values(agent.freeSockets)
  expect(free).toHaveLength(2)
  free?.[1].destroy()
  let next: Promise<unknown> | null = null
  onrequest({}, { proxy: { agent, base_path: '/v1/a' } }, () => {
    next = get()
  })
  // Without the plugin Node hands the dead connection out: ECONNRESET.
  expect(await next).toBe(200)
  agent.destroy()
  server.close()
})
