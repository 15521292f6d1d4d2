import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Address, ask, count, demand, eventually, store } from '../../support/elasticsearch/cluster.js'
import { SELECTED_PROFILE as profile } from '../../support/elasticsearch/selection.mjs'
import {
  type ElasticsearchServer,
  endServer,
  serverPid,
  startElasticsearch,
} from '../../support/elasticsearch/server.mjs'

describe('a secure server', () => {
  let server: ElasticsearchServer

  beforeAll(async () => {
    server = await startElasticsearch({ profile, secure: true })
  })

  afterAll(() => server?.remove())

  test('is of the version that its profile names', async () => {
    const { version } = await demand<{ version: { number: string } }>('GET', '/', undefined, server)
    expect(version.number.startsWith(`${profile}.`)).toBe(true)
  })

  test('refuses who brings no credentials, or wrong ones', async () => {
    const { url, caFile } = server
    expect((await ask('GET', '/', undefined, { url, caFile })).status).toBe(401)
    expect((await ask('GET', '/', undefined, { ...server, password: 'wrong' })).status).toBe(401)
  })

  test('has a certificate that is trusted by its own file alone', async () => {
    await expect(ask('GET', '/', undefined, { ...server, caFile: undefined })).rejects.toThrow(/self.signed/)
  })

  test('accepts an API key for what the key allows', async () => {
    const writer = await keyFor('allowed-*')
    await store('allowed-1', [['1', {}]], writer)
    expect((await ask('PUT', '/forbidden-1/_doc/1', {}, writer)).status).toBe(403)
  })

  test('has what it acknowledged, its keys and its port still after a crash', async () => {
    const { pid, url } = server
    const reader = await keyFor('crash')
    await store(
      'crash',
      Array.from({ length: 1000 }, (_, n) => [String(n), { n }] as const),
      server,
    )
    await server.kill()
    await expect(ask('GET', '/', undefined, server)).rejects.toThrow('ECONNREFUSED')

    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(server.url).toBe(url)
    expect(await count('crash', reader)).toBe(1000)
  })

  test('is the only one on its folder', async () => {
    await expect(startElasticsearch({ profile, dir: server.dir })).rejects.toThrow('runs on this folder already')
    expect((await ask('GET', '/', undefined, server)).status).toBe(200)
  })

  async function keyFor(index: string): Promise<Address> {
    const roles = { role: { indices: [{ names: [index], privileges: ['all'] }] } }
    const key = { name: index, role_descriptors: roles }
    const { encoded } = await demand<{ encoded: string }>('POST', '/_security/api_key', key, server)
    return { url: server.url, caFile: server.caFile, apiKey: encoded }
  }
})

describe('a server', () => {
  test('that cannot start says why', async () => {
    const dir = temporaryDirectory()
    const started = startElasticsearch({ profile, dir, settings: { 'no.such.setting': 1 } })
    await expect(started).rejects.toThrow('unknown setting [no.such.setting]')
    fs.rmSync(dir, { recursive: true })
  })

  test.each(['is still starting', 'runs'])(
    'that %s ends with the process that started it, even where that is killed',
    async (moment) => {
      const dir = temporaryDirectory()
      const launcher = new URL('../../support/elasticsearch/server.mjs', import.meta.url)
      const program = `
      import { startElasticsearch } from ${JSON.stringify(launcher.href)}
      const { pid } = await startElasticsearch(${JSON.stringify({ profile, dir, heapMb: 256 })})
      setInterval(() => {}, 1_000)
      console.log(pid)`
      const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        if (moment === 'runs') expect(Number((await once(starter.stdout, 'data'))[0])).toBe(serverPid(dir))
        else await eventually('the server has its process', async () => serverPid(dir) !== null)
        starter.kill('SIGKILL')
        await eventually('the server is gone', async () => serverPid(dir) === null)
      } finally {
        starter.kill('SIGKILL')
        await endServer(dir, 'SIGKILL')
        fs.rmSync(dir, { recursive: true, force: true })
      }
    },
  )

  const temporaryDirectory = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-elasticsearch-'))
})
