import { afterAll, describe, expect, test } from '@jest/globals'
import { Sandbox } from '../../support/cli.js'

// What a real server answers is looked at in test/integration/elasticsearch/frequency.test.ts.

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

describe('hangup frequency --store URL', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a password in the URL', ['--store', 'https://elastic:opensesame@es.example:9200'], /user or password in the URL/],
    ['a password before what is no URL', ['--store', 'elastic:opensesame@es.example'], /not a store/],
    ['a URL with a query', ['--store', 'http://es.example:9200/?pretty'], /no URL of an Elasticsearch/],
    ['a prefix that names other indices', ['--store', 'http://es.example:9200', '--prefix', 'x,*'], /--prefix x,\*/],
    ['a prefix for a store that has none', ['--store', 'duckdb:x', '--prefix', 'x'], /--prefix/],
    ['a prefix for logs', ['--prefix', 'x'], /--prefix/],
  ])('refuses %s, and repeats no secret', async (_, options, message) => {
    const { code, stdout, stderr } = await sandbox.hangup(['frequency', ...options])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(2)
    expect(stderr).not.toContain('opensesame')
  })

  test('says that a server cannot be reached', async () => {
    const { code, stderr } = await sandbox.hangup(['frequency', '--store', 'http://127.0.0.1:1/es'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^hangup: Elasticsearch cannot be reached: http:\/\/127\.0\.0\.1:1\/es/)
  })
})
