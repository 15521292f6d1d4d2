import '../../support/property-seed.js'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ConfigError } from '../../../src/errors.js'
import { parseApache } from '../../../src/keepalive/files/apache.js'
import { parseHaproxy } from '../../../src/keepalive/files/haproxy.js'
import { parseNginx } from '../../../src/keepalive/files/nginx.js'
import type { ServerFile, ServerFormat, SourceText } from '../../../src/keepalive/files/server-file.js'
import { parseTomcat } from '../../../src/keepalive/files/tomcat.js'
import { choose } from '../../../src/keepalive/peer.js'
import { takesLinearTime } from '../../support/linear.js'
import { NO_INCLUDES } from './support.js'

const PARSERS: Readonly<Record<ServerFormat, (source: SourceText) => ServerFile>> = {
  nginx: (source) => parseNginx(source, NO_INCLUDES),
  apache: (source) => parseApache(source, NO_INCLUDES),
  haproxy: parseHaproxy,
  tomcat: parseTomcat,
}

/** Words and signs that mean something to a parser, so that arbitrary texts get past its first line. */
const PIECES: Readonly<Record<ServerFormat, readonly string[]>> = {
  nginx: [
    'http',
    'server',
    'upstream',
    'location',
    '{',
    '}',
    ';',
    '"',
    "'",
    '\\',
    '#',
    '$',
    `\${`,
    'include',
    'listen',
    'keepalive_timeout',
    'keepalive_requests',
    'keepalive',
    'x_by_lua_block',
    '75s',
    '1h 30m',
    '0',
    '\n',
    ' ',
  ],
  apache: [
    '<VirtualHost *:1>',
    '</VirtualHost>',
    '<A>',
    '</A>',
    '<',
    '>',
    'KeepAlive',
    'Off',
    'KeepAliveTimeout',
    'MaxKeepAliveRequests',
    'Listen',
    'Include',
    '5',
    '500ms',
    `\${x}`,
    '"',
    "'",
    '\\',
    '\\\n',
    '#',
    '\n',
    ' ',
  ],
  haproxy: [
    'defaults',
    'frontend',
    'listen',
    'backend',
    'from',
    'mode http',
    'timeout client',
    'timeout http-keep-alive',
    'option httpclose',
    'no',
    'bind :1,:2',
    'server a b:1',
    '5s',
    '$T',
    '"',
    "'",
    '\\',
    '#',
    '\n',
    ' ',
    'x',
  ],
  tomcat: [
    '<Server>',
    '</Server>',
    '<Server ',
    '<Connector ',
    '/>',
    '>',
    '<',
    'port="1"',
    'keepAliveTimeout="',
    '"',
    '-1',
    '&',
    '&amp;',
    '&#x41;',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '<!DOCTYPE x [',
    ']>',
    '<?xml version="1.0"?>',
    '\n',
    ' ',
  ],
}

const hostile = (pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 3 })))
      .map((all) => all.join('')),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  )

describe.each(Object.keys(PARSERS) as ServerFormat[])('of %s', (format) => {
  const parse = (text: string): ServerFile => PARSERS[format]({ file: 'f', text })

  test('any bytes give settings or an error with file and line', () => {
    fc.assert(
      fc.property(hostile(PIECES[format]), (text) => {
        try {
          const { receives, sends } = parse(text)
          for (const { idle } of [...receives, ...sends])
            if (idle.kind === 'after') expect(idle.ms).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError)
          expect(String(error)).toMatch(/^ConfigError: invalid [^:]+ configuration: f:\d+: /)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('time grows with the text, not with its square, whatever it repeats', () => {
    const isLinear = (piece: string): boolean =>
      takesLinearTime((length) => {
        const text = PREFIX[format] + piece.repeat(Math.ceil(length / piece.length))
        return () => {
          try {
            parse(text)
          } catch (error) {
            if (!(error instanceof ConfigError)) throw error
          }
        }
      })
    const repeated = PIECES[format].flatMap((piece) => [piece, `${piece} `, `${piece}\n`])
    expect(repeated.filter((piece) => !isLinear(piece))).toEqual([])
  })
})

/** Opens what the piece is then repeated in. */
const PREFIX: Readonly<Record<ServerFormat, string>> = {
  nginx: 'http { server { ',
  apache: 'KeepAlive On\n',
  haproxy: 'defaults\n',
  tomcat: '<Server><Service>',
}

/** What many places of a file share must not be copied, or looked through, for each of them. */
test.each([
  [
    'haproxy',
    'sections that take from each other',
    (index: number) => `defaults d${index} from d${index - 1}\n timeout client ${index}s\nfrontend f${index}\n`,
  ],
  ['apache', 'hosts for all ports', (index: number) => `Listen ${index}\n<VirtualHost *>\n</VirtualHost>\n`],
  [
    'nginx',
    'locations of a server with many ports',
    (index: number) => `listen ${index}; location /${index} { keepalive_timeout ${index}; }\n`,
  ],
] as const)('time grows with the number, not with its square, of %s: %s', (format, _, piece) => {
  const isLinear = takesLinearTime((length) => {
    const pieces = Array.from({ length: length / 64 }, (_, index) => piece(index + 1))
    const text = `${PREFIX[format]}${pieces.join('')}${SUFFIX[format] ?? ''}`
    return () => void choose(PARSERS[format]({ file: 'f', text }).receives, 1, 'least')
  })
  expect(isLinear).toBe(true)
})

const SUFFIX: Readonly<Partial<Record<ServerFormat, string>>> = { nginx: '} }' }
