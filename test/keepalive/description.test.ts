import { describe, expect, test } from '@jest/globals'
import { parseDescription, parseTargetDescription } from '../../src/keepalive/description.js'
import { KNOWN_SERVERS } from '../../src/keepalive/known-servers.js'

describe('the description of a hop', () => {
  test.each([
    ['a time', '5s', { kind: 'time', idle: { ms: 5000 } }],
    ['no end', 'never', { kind: 'time', idle: { kind: 'never' } }],
    ['a server as it comes', 'tomcat', { kind: 'server', server: { name: 'tomcat' }, idle: null }],
    ['a server with another time', 'tomcat=1m', { kind: 'server', idle: { ms: 60_000 } }],
    ['a file', 'nginx:/etc/nginx/a=b:c.conf', { kind: 'file', format: 'nginx', path: '/etc/nginx/a=b:c.conf' }],
  ])('is %s', (_, text, expected) => {
    expect(parseDescription(text)).toMatchObject(expected)
  })

  test.each(['', '5', 'tomcot', 'tomcat=', 'tomcat=soon', 'nginx:', 'iis:/x', '5s=tomcat'])('is never %j', (text) => {
    expect(parseDescription(text)).toBeNull()
  })

  test('takes every known name', () => {
    for (const { name } of KNOWN_SERVERS) expect(parseDescription(name)).toMatchObject({ kind: 'server' })
  })
})

describe('the description of a target', () => {
  test('names host and port first', () => {
    expect(parseTargetDescription('h:80=tomcat=5s')).toMatchObject({ target: 'h:80', what: { idle: { ms: 5000 } } })
    expect(parseTargetDescription('::1:80=5s')).toMatchObject({ target: '::1:80' })
  })

  test.each(['h=5s', 'h:80', 'h:80=', ':=5s', 'h:port=5s', 'a b:1=5s', '=5s'])('is never %j', (text) => {
    expect(parseTargetDescription(text)).toBeNull()
  })
})
