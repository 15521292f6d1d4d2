import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { connectFrom, connectionFrom } from '../../src/cli/elasticsearch-environment.js'
import { ConfigError } from '../../src/errors.js'

describe('the connection of a command', () => {
  test('goes to this machine where nothing says otherwise', () => {
    expect(connectionFrom({}, {})).toEqual({ node: 'http://localhost:9200', timeoutMs: 30_000 })
  })

  test('is what the environment says, and options before it', () => {
    const environment = { ELASTICSEARCH_URL: 'https://a:9200', ELASTICSEARCH_CA: '/a.pem' }
    expect(connectionFrom(environment, {})).toMatchObject({ node: 'https://a:9200', ca: '/a.pem' })
    const given = { url: 'https://b/es', ca: '/b.pem' }
    expect(connectionFrom(environment, given)).toMatchObject({ node: 'https://b/es', ca: '/b.pem' })
  })

  test('takes an empty variable for none', () => {
    const names = ['URL', 'CA', 'API_KEY', 'API_KEY_FILE', 'USERNAME', 'PASSWORD', 'PASSWORD_FILE']
    const empty = Object.fromEntries(names.map((name) => [`ELASTICSEARCH_${name}`, '']))
    expect(connectionFrom(empty, {})).toEqual(connectionFrom({}, {}))
  })

  test.each([
    ['an API key', { API_KEY: 'k' }, { apiKey: 'k' }],
    ['a file with an API key', { API_KEY_FILE: '/k' }, { apiKeyFile: '/k' }],
    ['a password', { USERNAME: 'u', PASSWORD: 'p' }, { username: 'u', password: 'p' }],
    ['a file with a password', { USERNAME: 'u', PASSWORD_FILE: '/p' }, { username: 'u', passwordFile: '/p' }],
    ['an API key beside empty variables', { API_KEY: 'k', USERNAME: '', PASSWORD: '' }, { apiKey: 'k' }],
    ['a file beside empty variables', { API_KEY: '', API_KEY_FILE: '/k', PASSWORD_FILE: '' }, { apiKeyFile: '/k' }],
    ['a password that is a blank', { USERNAME: 'u', PASSWORD: ' ' }, { username: 'u', password: ' ' }],
  ])('signs in with %s', (_, variables, auth) => {
    expect(connectionFrom(named(variables), {}).auth).toEqual(auth)
  })

  test.each([
    ['two ways', { API_KEY: 'secret', USERNAME: 'u', PASSWORD: 'secret' }],
    ['a key and its file', { API_KEY: 'secret', API_KEY_FILE: '/k' }],
    ['a key and a password file', { API_KEY: 'secret', USERNAME: 'u', PASSWORD_FILE: '/p' }],
    ['a file with a key and a password', { API_KEY_FILE: '/k', USERNAME: 'u', PASSWORD: 'secret' }],
    ['a password and its file', { USERNAME: 'u', PASSWORD: 'secret', PASSWORD_FILE: '/p' }],
    ['a key and a user', { API_KEY: 'secret', USERNAME: 'u' }],
    ['a key and a password of nobody', { API_KEY: 'secret', PASSWORD: 'secret' }],
    ['a user without a password', { USERNAME: 'u' }],
    ['a user with an empty password', { USERNAME: 'u', PASSWORD: '', PASSWORD_FILE: '' }],
    ['a password file without a user', { PASSWORD_FILE: '/p' }],
    ['a password without a user', { PASSWORD: 'secret' }],
  ])('is refused with %s, which are not repeated', (_, variables) => {
    const error = refusal(() => connectionFrom(named(variables), {}))
    expect(error).toMatchObject({ code: 'config', message: expect.stringContaining('the environment') })
    expect(`${error.message} ${error.hint}`).not.toContain('secret')
  })

  test.each([
    'http://user:secret@host:9200',
    'https://secret@host',
    'http://:secret@host',
    'user:secret@host',
    'http://user:secret@host:port',
  ])('is refused with a password in the URL, which is not repeated: %s', (url) => {
    for (const given of [() => connectionFrom({}, { url }), () => connectionFrom({ ELASTICSEARCH_URL: url }, {})]) {
      const error = refusal(given)
      expect(error.hint).toContain('ELASTICSEARCH_PASSWORD_FILE')
      expect(`${error.message} ${error.hint}`).not.toContain('secret')
    }
  })

  test.each(['', 'localhost:9200', 'ftp://host', 'http://host?pretty', 'http://host#x', 'nonsense'])(
    'is refused with what is no URL of a server: %s',
    (url) => {
      expect(refusal(() => connectionFrom({}, { url })).message).toBe(`no URL of an Elasticsearch: ${url}`)
    },
  )
})

test.each([
  ['an API key that none can be', { ELASTICSEARCH_API_KEY: 'secret\nkey' }, 'no API key'],
  [
    'a file that is not there',
    { ELASTICSEARCH_API_KEY_FILE: '/no/such' },
    'cannot read the API key: /no/such (ENOENT)',
  ],
  ['a certificate that is not there', { ELASTICSEARCH_CA: '/no/such' }, 'cannot read the certificate: /no/such'],
  ['a port that is none', { ELASTICSEARCH_URL: 'http://host:99999' }, 'no URL of an Elasticsearch'],
])('a connection is refused with %s', (_, environment, message) => {
  const error = refusal(() => connectFrom({ environment, signal: new AbortController().signal }, {}))
  expect(error.message).toContain(message)
  expect(`${error.message} ${error.hint}`).not.toContain('secret')
})

test('a request under way ends when the command is told to stop', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = new AbortController()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const elasticsearch = connectFrom({ environment: {}, signal: stop.signal }, { url })
  const request = elasticsearch.request({ method: 'GET', path: '/' })
  await once(server, 'request')
  stop.abort()
  await expect(request).rejects.toHaveProperty('name', 'AbortError')
  await elasticsearch.close()
  server.closeAllConnections()
  server.close()
})

function named(variables: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`ELASTICSEARCH_${name}`, value]))
}

function refusal(attempt: () => unknown): ConfigError {
  try {
    attempt()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('not refused')
}
