import { describe, expect, test } from '@jest/globals'
import { connectionFrom } from '../../src/cli/elasticsearch-environment.js'
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

  test.each([
    ['an API key', { API_KEY: 'k' }, { apiKey: 'k' }],
    ['a file with an API key', { API_KEY_FILE: '/k' }, { apiKeyFile: '/k' }],
    ['a password', { USERNAME: 'u', PASSWORD: 'p' }, { username: 'u', password: 'p' }],
    ['a file with a password', { USERNAME: 'u', PASSWORD_FILE: '/p' }, { username: 'u', passwordFile: '/p' }],
    ['an API key beside empty variables', { API_KEY: 'k', USERNAME: '', PASSWORD: '' }, { apiKey: 'k' }],
  ])('signs in with %s', (_, variables, auth) => {
    expect(connectionFrom(named(variables), {}).auth).toEqual(auth)
  })

  test.each([
    ['two ways', { API_KEY: 'secret', USERNAME: 'u', PASSWORD: 'secret' }],
    ['a key and its file', { API_KEY: 'secret', API_KEY_FILE: '/k' }],
    ['a user without a password', { USERNAME: 'u' }],
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
