import { describe, expect, test } from '@jest/globals'
import { parseHaproxy } from '../../../src/keepalive/files/haproxy.js'
import { brief } from './support.js'

const parse = (text: string) => parseHaproxy({ file: '/etc/haproxy/haproxy.cfg', text })
const receives = (text: string) => brief(parse(text).receives)

describe('HAProxy as the one that receives', () => {
  test.each([
    ['timeout http-keep-alive', 'timeout http-keep-alive 10s\n timeout http-request 5s\n timeout client 50s', 10_000],
    ['else timeout http-request', 'timeout http-request 5s\n timeout client 50s', 5000],
    ['else timeout client', 'timeout client 50000', 50_000],
    ['else nothing', '', 'never'],
  ])('goes by %s', (_, timeouts, idle) => {
    expect(receives(`defaults\n mode http\n ${timeouts}\nfrontend a\n bind :80,*:443 ssl`)).toMatchObject([
      { ports: [80, 443], idle },
    ])
  })

  test('takes from the defaults before it, and overrules them', () => {
    const text = `
      defaults one
        mode http
        timeout client 1s
      frontend a
        bind :1
      defaults two from one
        timeout http-keep-alive "2s" # not 3s
      listen b
        bind 10.0.0.1:2
        timeout http-keep-alive 4s
      frontend c from one
        bind :3
      defaults
      frontend d
        bind :4`
    expect(receives(text)).toMatchObject([
      { ports: [1], idle: 1000, line: 4 },
      { ports: [2], idle: 4000, line: 11 },
      { ports: [3], idle: 1000 },
      { ports: [4], idle: 'never' },
    ])
  })

  test('knows only timeout client where it hands on bytes', () => {
    const text = 'defaults\n timeout client 7s\n timeout http-keep-alive 1s\nfrontend a\n mode tcp\n bind :1'
    expect(receives(text)).toMatchObject([{ idle: 7000 }])
  })

  test('uses no connection twice with option httpclose, unless that is switched off again', () => {
    const defaults = 'defaults\n mode http\n timeout client 5s\n option httpclose\n'
    expect(receives(`${defaults}frontend a`)).toMatchObject([{ idle: 'no_reuse', line: 4 }])
    expect(receives(`${defaults}frontend a\n no option httpclose`)).toMatchObject([{ idle: 5000 }])
  })

  test('is not known where a time comes from the environment', () => {
    expect(parse(`listen a\n timeout client "\${T}"`).receives).toMatchObject([
      { idle: { kind: 'unknown' }, why: expect.stringContaining('variable') },
    ])
  })
})

test('HAProxy as the one that sends has no idle time, but may close after each response', () => {
  const { sends } = parse('backend a\n server s 10.0.0.1:8000 check\nbackend b\n option http-server-close')
  expect(brief(sends)).toMatchObject([
    { ports: [8000], idle: 'unknown' },
    { idle: 'no_reuse', line: 4 },
  ])
})

test.each([
  ['a time that is none', 'listen a\n timeout client SECRET', ':2: timeout client is not a time'],
  ['an open quote', 'global\n log "SECRET', ':2: a quote is not closed'],
  ['lines before a section', 'SECRET', ':1: stands before the first section'],
  ['nothing in it', '# only a comment', ':1: holds no section'],
])('is refused with %s, by file and line and without quoting it', (_, text, message) => {
  expect(() => parse(text)).toThrow(`invalid HAProxy configuration: /etc/haproxy/haproxy.cfg${message}`)
  expect(() => parse(text)).not.toThrow(/SECRET/)
})
