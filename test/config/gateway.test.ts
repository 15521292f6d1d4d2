import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { expandHome, parseGatewayConfiguration, readGatewayConfiguration } from '../../src/config/gateway.js'
import { ConfigError } from '../../src/errors.js'

const CACHE = `
oauth:
  public_key: SECRET-KEY
  product_to_proxy: &ref_0
    gold: [edgemicro_orders]
apikeys: { product_to_proxy: *ref_0 }
analytics:
  uri: http://acme-eval-test.example/edgemicro/axpublisher/organization/acme-eval/environment/test
edgemicro:
  logging: { level: info, dir: /var/tmp }
  request_timeout: 4
  redisPassword: SECRET-PASSWORD
  global: { org: acme-eval, env: test }
proxies:
  - { name: edgemicro_orders, base_path: /api/orders, url: 'http://user:SECRET@t1.example:28021/orders', timeout: 3000 }
  - { name: edgemicro_catalog, base_path: v2/catalog, url: 'https://T2.example/catalog' }
`

function parse(text: string, environment = {}) {
  return parseGatewayConfiguration([{ file: 'my-org-prod-config.yaml', text }], environment)
}

function targetOf(url: string) {
  return parse(`proxies: [{ name: p, base_path: /p, url: '${url}' }]`).proxies[0]
}

describe("the gateway's configuration", () => {
  test('tells proxies, targets, timeouts, logging and organization', () => {
    expect(parse(CACHE)).toEqual({
      proxies: [
        {
          name: 'edgemicro_orders',
          basePath: '/api/orders',
          target: 't1.example:28021',
          loggedTarget: 't1.example:28021',
          timeoutMs: 3000,
        },
        {
          name: 'edgemicro_catalog',
          basePath: '/v2/catalog',
          target: 't2.example:443',
          loggedTarget: 't2.example',
          timeoutMs: 4000,
        },
      ],
      loggingDirectory: '/var/tmp',
      loggingLevel: 'info',
      org: 'acme-eval',
      env: 'test',
    })
  })

  test('keeps no secret', () => {
    expect(JSON.stringify(parse(CACHE))).not.toContain('SECRET')
  })

  test.each([
    ['http://h/x', 'h:80', 'h'],
    ['http://h:80/x', 'h:80', 'h:80'],
    ['https://h', 'h:443', 'h'],
    ['https://h:0443', 'h:443', 'h:443'],
    ['http://[::1]:8080/', '::1:8080', '::1:8080'],
    ['http://[::1]/', '::1:80', '::1'],
    ['http://u:p@h:81?a=b:82', 'h:81', 'h:81'],
  ])('takes host and port from %s', (url, target, loggedTarget) => {
    expect(targetOf(url)).toMatchObject({ target, loggedTarget })
  })

  test('waits for ever where no timeout is set', () => {
    expect(targetOf('http://h').timeoutMs).toBeNull()
  })

  test('has no logging directory when it logs to the console', () => {
    expect(parse('edgemicro: { logging: { dir: /var/tmp, to_console: true } }').loggingDirectory).toBeNull()
  })

  test.each([
    [
      'an address in it',
      'edge_config: { bootstrap: "http://x/edgemicro/bootstrap/organization/o-1/environment/e" }',
      'o-1',
      'e',
    ],
    ["the file's name", 'edgemicro: {}', 'my-org', 'prod'],
  ])('takes the organization from %s where it does not say it', (_, text, org, env) => {
    expect(parse(text)).toMatchObject({ org, env })
  })

  test('replaces its own kind of variables from the environment', () => {
    const text = "proxies: [{ name: p, base_path: /p, url: 'http://<E>HOST</E>:81', timeout: '<E><n>MS</n></E>' }]"
    expect(parse(text, { HOST: 'h', MS: '700' }).proxies).toMatchObject([{ target: 'h:81', timeoutMs: 700 }])
  })

  test.each([
    ['a proxy without a url', 'proxies: [{ name: p, base_path: /p }]', 'proxies[0] (p) has no usable url'],
    [
      'a url that is none',
      "proxies: [{ name: p, base_path: /p, url: '//SECRET' }]",
      'proxies[0] (p) has no usable url',
    ],
    ['another scheme', "proxies: [{ name: p, base_path: /p, url: 'ftp://h' }]", 'proxies[0] (p) has no usable url'],
    ['a proxy without a base path', 'proxies: [{ name: p }]', 'proxies[0] (p) has no base_path'],
    ['a proxy that is no section', 'proxies: [p]', 'proxies[0] is no section'],
    ['bad YAML', 'a: [1\nb: 2', 'not valid YAML'],
    ['no settings', 'hello', 'holds no settings'],
    ['nothing', '', 'holds no settings'],
  ])('is refused with %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(ConfigError)
    expect(() => parse(text)).toThrow(message)
    expect(() => parse(text)).not.toThrow(/SECRET/)
  })
})

describe("the gateway's files", () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hangup-gateway-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  const write = (name: string, text: string) => writeFile(join(directory, name), text)
  const read = (path = directory) => readGatewayConfiguration(path, { home: directory })

  test('are read from a directory, what it last ran with before what it was told', async () => {
    await write('acme-test-cache-config.yaml', CACHE)
    await write('acme-test-config.yaml', 'edgemicro: { logging: { level: error } }')
    await write('default.yaml', 'edgemicro: { logging: { level: warn } }\nproxies: []')
    expect(await read()).toMatchObject({ loggingLevel: 'info', org: 'acme-eval', proxies: [{}, {}] })
  })

  test('fill each setting from the first file that has it', async () => {
    await write('acme-test-config.yaml', 'edgemicro: { port: 8000 }')
    await write('default.yaml', 'edgemicro: { logging: { level: warn, dir: /var/log } }')
    expect(await read()).toEqual({
      proxies: [],
      loggingDirectory: '/var/log',
      loggingLevel: 'warn',
      org: 'acme',
      env: 'test',
    })
  })

  test('may be one file', async () => {
    await write('any.yaml', CACHE)
    expect((await read(join(directory, 'any.yaml'))).proxies).toHaveLength(2)
  })

  test("may lie in the user's home directory", async () => {
    await write('default.yaml', 'edgemicro: { logging: { dir: /x } }')
    expect((await read('~')).loggingDirectory).toBe('/x')
    expect((await read('~/default.yaml')).loggingDirectory).toBe('/x')
    expect(expandHome('~other/x', '/home/me')).toBe('~other/x')
  })

  test('are refused where several gateways share a directory', async () => {
    await write('a-test-config.yaml', 'x: 1')
    await write('b-test-config.yaml', 'x: 1')
    await expect(read()).rejects.toThrow(
      expect.objectContaining({
        code: 'config',
        hint: 'name one of the files: a-test-config.yaml, b-test-config.yaml',
      }),
    )
  })

  test('are missed with a configuration error', async () => {
    await expect(read()).rejects.toThrow('no gateway configuration in the directory')
    await expect(read(join(directory, 'none'))).rejects.toThrow('no gateway configuration: ')
    await expect(read(join(directory, 'none'))).rejects.toBeInstanceOf(ConfigError)
  })

  test('name the line of bad YAML', async () => {
    await write('default.yaml', 'a: 1\nb: [')
    await expect(read()).rejects.toThrow(/default\.yaml:2:\d+: not valid YAML/)
  })
})
