import { describe, expect, test } from '@jest/globals'
import { parseNginx, parseNginxTime } from '../../../src/keepalive/files/nginx.js'
import { brief, NO_INCLUDES } from './support.js'

const parse = (text: string, include = NO_INCLUDES) => parseNginx({ file: '/etc/nginx/nginx.conf', text }, include)
const receives = (text: string) => brief(parse(text).receives)
const sends = (text: string) => brief(parse(text).sends)

describe('nginx as the one that receives', () => {
  test('has the defaults of nginx where nothing is set', () => {
    expect(receives('http { server { listen 8080; } }')).toEqual([
      { ports: [8080], idle: 75_000, line: null, maxRequests: 1000 },
    ])
  })

  test('takes from http what a server does not set, and lets a location overrule it', () => {
    const text = `
      http {
        keepalive_timeout 65 60;   # announced: 60
        keepalive_requests 50;
        server { listen 80; listen [::]:81; location / { keepalive_timeout 10s; } }
        server { listen 10.0.0.1:82 ssl; keepalive_timeout '1m 5s'; }
      }`
    expect(receives(text)).toEqual([
      { ports: [80, 81], idle: 65_000, line: 3, maxRequests: 50 },
      { ports: [80, 81], idle: 10_000, line: 5, maxRequests: 50 },
      { ports: [82], idle: 65_000, line: 6, maxRequests: 50 },
    ])
  })

  test.each([
    ['a timeout of 0', 'keepalive_timeout 0;'],
    ['one request only', 'keepalive_requests 1;'],
  ])('uses no connection twice with %s', (_, directive) => {
    expect(receives(`http { server { ${directive} } }`)).toMatchObject([{ idle: 'no_reuse' }])
  })

  test('is not told by servers that are no HTTP servers, by comments, quotes or Lua', () => {
    const text = `
      stream { server { listen 9; keepalive_timeout 1s; } }
      http {
        # keepalive_timeout 2s;
        log_format x "keepalive_timeout 3s; }";
        init_by_lua_block { if x then y = { "keepalive_timeout 4s;" } end }
        set $a \${b}c;
        server { listen 80; return 200 'a}'; }
      }`
    expect(receives(text)).toMatchObject([{ ports: [80], idle: 75_000 }])
  })

  test('is told by a file without http around its servers', () => {
    expect(receives('server { listen 90; keepalive_timeout 7; }')).toMatchObject([{ ports: [90], idle: 7000 }])
  })

  test('is told by included files, where they stand', () => {
    const files: Readonly<Record<string, string>> = {
      'conf.d/*.conf': 'server { listen 81; }',
      'keep.conf': '\nkeepalive_timeout 9s;',
    }
    const include = (pattern: string) => [{ file: `/etc/nginx/${pattern}`, text: files[pattern] }]
    const { receives: found } = parse('http { include keep.conf; include conf.d/*.conf; }', include)
    expect(found).toMatchObject([{ ports: new Set([81]), idle: { ms: 9000 }, file: '/etc/nginx/keep.conf', line: 2 }])
  })
})

describe('nginx as the one that sends', () => {
  test('keeps connections for a minute where an upstream says keepalive and no time', () => {
    expect(sends('http { upstream gw { server 10.0.0.1:8000; server b; keepalive 8; } }')).toMatchObject([
      { ports: [8000, 80], idle: 60_000 },
    ])
  })

  test('takes the time of the upstream', () => {
    expect(sends('http { upstream gw { keepalive 8; keepalive_timeout 4s; } }')).toMatchObject([
      { idle: 4000, line: 1 },
    ])
    expect(sends('http { upstream gw { keepalive 0; } }')).toMatchObject([{ idle: 'no_reuse' }])
  })

  test('is not known without keepalive: versions differ', () => {
    expect(parse('http { upstream gw { server a; } }').sends).toMatchObject([
      { idle: { kind: 'unknown' }, why: expect.stringContaining('1.29.7') },
    ])
  })
})

test.each([
  ['75', 75_000],
  ['75s', 75_000],
  ['500ms', 500],
  ['1h30m', 5_400_000],
  ['1h 30m', 5_400_000],
  ['2d', 172_800_000],
  ['', null],
  ['s', null],
  ['1x', null],
  ['5 5', null],
  ['-1', null],
])('the time %s is %s ms', (text, ms) => {
  expect(parseNginxTime(text)).toBe(ms)
})

test.each([
  ['a } too many', 'http { }\n}', ':2: a } that closes nothing'],
  ['a { too many', 'http {\n server {', ':2: a block is not closed'],
  ['a directive without ;', 'http {\n keepalive_timeout 5s }', ':2: a directive does not end with ;'],
  ['an open quote', 'a\nb "SECRET', ':2: a quote is not closed'],
  ['a block without a name', ' { }', ':1: a { without a directive'],
  ['a time that is none', 'http {\n\n keepalive_timeout SECRET; }', ':3: keepalive_timeout is not a time'],
  ['a count that is none', 'http { keepalive_requests many; }', ':1: keepalive_requests is not a whole number'],
  ['blocks in blocks for ever', 'a {'.repeat(1000), ':1: blocks are nested too deeply'],
])('is refused with %s, by file and line and without quoting it', (_, text, message) => {
  expect(() => parse(text)).toThrow(`invalid nginx configuration: /etc/nginx/nginx.conf${message}`)
  expect(() => parse(text)).not.toThrow(/SECRET/)
})
