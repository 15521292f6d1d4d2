import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { configurationFiles } from '../../src/bundle/configuration-files.js'
import type { Entry } from '../../src/bundle/entry.js'
import { EntryNames } from '../../src/bundle/entry-names.js'
import { maskSettings } from '../../src/bundle/mask-settings.js'
import { readYaml, writeYaml } from '../../src/config/document.js'
import { projectDirectory } from '../support/cli.js'

/** As a file would come out of it, and what was masked. */
function masked(yaml: string) {
  const { data, masked: settings } = maskSettings(readYaml(yaml).data)
  return { text: writeYaml(data), settings: settings.map(({ setting, why }) => `${setting}: ${why}`) }
}

async function contentOf(entry: Entry): Promise<string> {
  let text = ''
  for await (const piece of entry.read()) text += Buffer.from(piece)
  return text
}

describe('masked settings', () => {
  test('keep the shipped configuration but for comments', async () => {
    const file = path.join(projectDirectory, 'pipelines/gateway/acme-eval-test-config.yaml')
    const text = fs.readFileSync(file, 'utf8')
    const { files, unreadable } = configurationFiles([{ file, text }], new EntryNames())
    expect(unreadable).toEqual([])
    expect(files[0].masked).toEqual([])
    expect(readYaml(await contentOf(files[0].entry)).data).toEqual(readYaml(text).data)
  })

  test.each([
    ['a password', 'edgemicro:\n  redisPassword: hunter\n', 'edgemicro.redisPassword: secret_name'],
    ['its copy in a quota', 'quota:\n  gold2:\n    redisPassword: hunter\n', 'quota.gold2.redisPassword: secret_name'],
    ['a passphrase', 'edgemicro:\n  ssl: {passphrase: hunter}\n', 'edgemicro.ssl.passphrase: secret_name'],
    ['a private key', 'edgemicro:\n  ssl: {key: hunter, pfx: hunter}\n', 'edgemicro.ssl.pfx: secret_name'],
    [
      'keys of a target',
      'targets:\n  - ssl: {client: {httpsOptions: {cert: hunter}}}\n',
      'targets[0].ssl.client.httpsOptions.cert: secret_name',
    ],
    ['a number', 'plugin:\n  pin: 98761\n', 'plugin.pin: secret_name'],
    ['a list', 'oauth:\n  jwk_keys: [hunter, {k: hunter}]\n', 'oauth.jwk_keys: secret_name'],
    ['a section', 'plugin:\n  credentials: {alice: hunter}\n', 'plugin.credentials: secret_name'],
    ['a login', 'plugin:\n  user: hunter\n', 'plugin.user: secret_name'],
    [
      'a password in a URL',
      'edgemicro:\n  proxy: {url: "http://bob:hunter@proxy:3128"}\n',
      'edgemicro.proxy.url: in_url',
    ],
    ['one with @ and / in it', 'a:\n  b: "redis://us/er:hun@hunter@redis:6379/0"\n', 'a.b: in_url'],
    ['a query', 'proxies:\n  - url: https://t.example/x?key=hunter#hunter\n', 'proxies[0].url: in_url'],
    ['a token in a path', 'a:\n  hook: https://t.example/h/q7Zk2Vx9Tn4hunterLw8Rb3\n', 'a.hook: in_url'],
    ['PEM', 'a:\n  b: |\n    -----BEGIN EC PRIVATE KEY-----\n    hunter\n', 'a.b: pem'],
    ['a random text', 'plugin:\n  blob: q7Zk2Vx9Tn4hunterLw8Rb3\n', 'plugin.blob: unknown_text'],
    ['a short random text', 'plugin:\n  blob: hunter2x\n', 'plugin.blob: unknown_text'],
    ['several lines', 'plugin:\n  blob: |\n    a\n    hunter\n', 'plugin.blob: unknown_text'],
    ['a token in words', 'plugin:\n  note: "Bearer hunter"\n', 'plugin.note: unknown_text'],
    ['a URL of another form', 'plugin:\n  db: "jdbc:mysql://bob:hunter@db/x"\n', 'plugin.db: unknown_text'],
    ['bytes', 'plugin:\n  b: !!binary aHVudGVy\n', 'plugin.b: unknown_kind'],
    ['a long number', 'plugin:\n  card: 4111111111111111\n', 'plugin.card: unknown_text'],
    ['a name of a setting', 'clients:\n  hunter-7f3a9: true\n', 'clients.***1 (its name): unknown_text'],
  ])('hide %s', (_, yaml, setting) => {
    const { text, settings } = masked(yaml)
    expect(settings).toContain(setting)
    expect(text).toContain('***')
    expect(text).not.toMatch(/hunter|aHVudGVy|98761|41111111/)
  })

  test.each([
    ['switches of a secret name', 'oauth:\n  allowNoAuthorization: true\n  cacheKey: false\n'],
    ['names of headers', 'oauth:\n  api-key-header: x-api-key\n  authorization-header: authorization\n'],
    ['times, sizes and addresses', 'p:\n  timeout: 4s\n  size: 100\n  at: 10.0.0.9:8080\n  host: t1.example.com\n'],
    ['a time by base path and target', 'p:\n  proxies:\n    /v1/orders: 2s\n  targets:\n    10.0.0.9:8080: 1s\n'],
    ['a variable', 'edgemicro:\n  port: <E>EDGEMICRO_PORT</E>\n'],
    ['names that people chose', 'proxies:\n  - name: orders-v2\n    base_path: /v2/orders\n    revision: "12"\n'],
    ['an address of a service', 'oauth:\n  verify_api_key_url: https://%s-%s.apigee.net/edgemicro-auth/verifyApiKey\n'],
  ])('keep %s', (_, yaml) => {
    expect(masked(yaml)).toEqual({ text: yaml, settings: [] })
  })

  test('mask once what an alias repeats, and leave it an alias', () => {
    const { text, settings } = masked('a: &x\n  list: [gold]\n  redisPassword: hunter\nb: *x\nc: *x\n')
    expect(settings).toEqual(['a.redisPassword: secret_name'])
    expect(text).toContain('b: *a1\nc: *a1\n')
  })

  test('hold nothing of a prototype that a file names', () => {
    expect(masked('__proto__:\n  redisPassword: hunter\n').text).not.toContain('hunter')
  })
})

test('a file that is no YAML is left out, and comments are', async () => {
  const texts = [
    { file: '/x/acme-a-config.yaml', text: 'edgemicro: {port: 8000\npassword: hunter' },
    { file: '/x/hunter.yaml', text: '# old: hunter\nedgemicro:\n  port: 8000 # hunter\n' },
  ]
  const { files, unreadable } = configurationFiles(texts, new EntryNames())
  expect(unreadable).toEqual(['configuration/acme-a-config.yaml'])
  expect(files.map(({ entry }) => entry.name)).toEqual(['configuration/configuration.yaml'])
  expect(await contentOf(files[0].entry)).not.toContain('hunter')
})
