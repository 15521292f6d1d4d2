import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseGatewayConnections, readGatewayConnections } from '../../src/config/gateway-connections.js'
import { ConfigError } from '../../src/errors.js'

const CACHE = '/e/acme-eval-test-cache-config.yaml'
const SOURCE = '/e/acme-eval-test-config.yaml'
const TEMPLATE = '/e/default.yaml'

const parse = (texts: Readonly<Record<string, string>>, environment?: Record<string, string>) =>
  parseGatewayConnections(
    Object.entries(texts).map(([file, text]) => ({ file, text })),
    environment,
  )

describe('how a gateway keeps connections', () => {
  test('is read from what it last ran with, by file and line', () => {
    const gateway = parse({
      [CACHE]:
        'edgemicro:\n  port: 8000\n  keep_alive_timeout: 65000\n  headers_timeout: 70000\nproxies:\n  - {name: p, base_path: /p, url: "http://h:81/SECRET"}',
      [SOURCE]: 'edgemicro:\n  keep_alive_timeout: 65000\n  headers_timeout: 70000\n',
    })
    expect(gateway).toMatchObject({
      keepAliveTimeout: { ms: 65_000, state: 'known', file: CACHE, line: 3 },
      headersTimeout: { ms: 70_000, state: 'known', file: CACHE, line: 4 },
      port: 8000,
      proxies: [{ target: 'h:81' }],
      org: 'acme-eval',
      env: 'test',
      editFile: SOURCE,
      edited: null,
      template: null,
    })
    expect(JSON.stringify(gateway)).not.toContain('SECRET')
  })

  test('says so where the file to edit says something else by now', () => {
    const gateway = parse({ [CACHE]: 'edgemicro: {port: 1}', [SOURCE]: 'edgemicro: {keep_alive_timeout: 9}' })
    expect(gateway).toMatchObject({ keepAliveTimeout: null, edited: { keepAliveTimeout: { ms: 9, file: SOURCE } } })
  })

  test('is never read from default.yaml, which the gateway does not read either', () => {
    const gateway = parse({
      [SOURCE]: 'edgemicro: {port: 1}',
      [TEMPLATE]: 'edgemicro: {keep_alive_timeout: 9, plugins: {sequence: [oauth]}}',
    })
    expect(gateway).toMatchObject({ keepAliveTimeout: null, plugins: [], template: { keepAliveTimeout: { ms: 9 } } })
    expect(() => parse({ [TEMPLATE]: 'edgemicro: {}' })).toThrow('no gateway is configured here: /e/default.yaml')
  })

  test('names the file to edit where only the cache is there', () => {
    expect(parse({ [CACHE]: 'edgemicro: {}' }).editFile).toBe(SOURCE)
  })

  test.each([
    ['65000', { ms: 65_000, state: 'known' }],
    ['"65000"', { ms: null, state: 'unusable' }],
    ['65s', { ms: null, state: 'unusable' }],
    ['0', { ms: null, state: 'unusable' }],
    ['-5', { ms: null, state: 'unusable' }],
    ['"<E><n>MS</n></E>"', { ms: 700, state: 'known' }],
    ['"<E><n>OTHER</n></E>"', { ms: null, state: 'unknown' }],
  ])('takes %s as the gateway does', (text, expected) => {
    const { keepAliveTimeout } = parse({ [SOURCE]: `edgemicro: {keep_alive_timeout: ${text}}` }, { MS: '700' })
    expect(keepAliveTimeout).toMatchObject(expected)
  })

  test('has plugins in their order, and times in their sections as the plugin reads them', () => {
    const section = 'idle:\n  timeout: 4s\n  proxies: {/a/: 500ms, /b: soon}\n  targets: {"[::1]:80": 2000}'
    const gateway = parse({ [SOURCE]: `edgemicro: {plugins: {dir: /p, sequence: [oauth, idle]}}\n${section}` })
    expect(gateway).toMatchObject({ plugins: ['oauth', 'idle'], pluginsDirectory: '/p' })
    expect(gateway.pluginTimes('idle')).toEqual({
      timeout: { ms: 4000, state: 'known', file: SOURCE, line: 3 },
      proxies: new Map([['/a', 500]]),
      targets: new Map([['::1:80', 2000]]),
    })
    expect(gateway.pluginTimes('oauth')).toEqual({ timeout: null, proxies: new Map(), targets: new Map() })
  })
})

describe('of several gateways in a directory', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hangup-gateway-'))
    for (const name of ['a-test', 'a-prod', 'a-b-prod']) {
      await writeFile(join(directory, `${name}-config.yaml`), `edgemicro: {keep_alive_timeout: ${name.length}}`)
    }
    await writeFile(join(directory, 'default.yaml'), 'edgemicro: {}')
  })
  afterEach(() => rm(directory, { recursive: true }))

  const read = (wanted: { readonly org?: string; readonly env?: string }) =>
    readGatewayConnections(directory, { home: directory, ...wanted })

  test('one is chosen by organization and environment', async () => {
    expect(await read({ env: 'test' })).toMatchObject({ org: 'a', env: 'test' })
    expect(await read({ org: 'a-b' })).toMatchObject({ keepAliveTimeout: { ms: 8 } })
    expect(await read({ org: 'a', env: 'prod' })).toMatchObject({ keepAliveTimeout: { ms: 6 } })
  })

  test('none is taken where it is not clear which', async () => {
    await expect(read({})).rejects.toThrow('several gateway configurations')
    await expect(read({ org: 'a' })).rejects.toThrow('several gateway configurations')
    await expect(read({ env: 'dev' })).rejects.toThrow('no configuration of this organization and environment')
    await expect(read({ env: 'dev' })).rejects.toBeInstanceOf(ConfigError)
  })
})
