import { describe, expect, test } from '@jest/globals'
import { parseApache } from '../../../src/keepalive/files/apache.js'
import { brief, NO_INCLUDES } from './support.js'

const parse = (text: string, include = NO_INCLUDES) => parseApache({ file: '/etc/apache2/apache2.conf', text }, include)
const receives = (text: string) => brief(parse(text).receives)

describe('Apache httpd', () => {
  test('has its defaults where nothing is set', () => {
    expect(receives('Listen 80')).toEqual([{ ports: [80], idle: 5000, line: null, maxRequests: 100 }])
  })

  test('takes for a virtual host from the server what it does not set, wherever that stands', () => {
    const text = `
      <VirtualHost *:8080 [::]:8081>
        keepalivetimeout 500ms
      </VirtualHost>
      <IfModule mod_ssl.c>
      <VirtualHost _default_:443>
        MaxKeepAliveRequests 0
      </VirtualHost>
      </IfModule>
      # KeepAliveTimeout 1
      KeepAlive \\
        On
      KeepAliveTimeout "15"`
    expect(receives(text)).toEqual([
      { ports: [], idle: 15_000, line: 13, maxRequests: 100 },
      { ports: [8080, 8081], idle: 500, line: 3, maxRequests: 100 },
      { ports: [443], idle: 15_000, line: 13, maxRequests: null },
    ])
  })

  test.each(['KeepAlive Off', 'KeepAliveTimeout 0'])('uses no connection twice with %s', (text) => {
    expect(receives(text)).toMatchObject([{ idle: 'no_reuse' }])
  })

  test('is known by its virtual hosts alone for their ports', () => {
    const text = 'Listen 80\nListen 81\n<VirtualHost *:80>\nKeepAlive Off\n</VirtualHost>'
    expect(receives(text)).toMatchObject([
      { ports: [81], idle: 5000 },
      { ports: [80], idle: 'no_reuse' },
    ])
  })

  test('is known by a virtual host without a port for all ports', () => {
    const text = '<VirtualHost *>\nKeepAlive Off\n</VirtualHost>\nListen 80'
    expect(receives(text)).toMatchObject([{ ports: [] }, { ports: [80], idle: 'no_reuse' }])
  })

  test('uses a connection a second time with MaxKeepAliveRequests 1, as the server itself does', () => {
    expect(receives('MaxKeepAliveRequests 1')).toMatchObject([{ idle: 5000, maxRequests: 1 }])
  })

  test('reads what it includes, in the section where that stands', () => {
    const include = (pattern: string, _: unknown, { mayBeAbsent }: { readonly mayBeAbsent: boolean }) =>
      mayBeAbsent ? [] : [{ file: `/etc/apache2/${pattern}`, text: '\nKeepAliveTimeout 3' }]
    const text = 'IncludeOptional conf-enabled/*.conf\n<VirtualHost *:1>\nInclude keep.conf\n</VirtualHost>'
    const { receives: found } = parse(text, include)
    expect(brief(found)).toMatchObject([{ idle: 5000 }, { ports: [1], idle: 3000, line: 2 }])
    expect(found[1].file).toBe('/etc/apache2/keep.conf')
  })

  test('is not known where a time is defined elsewhere', () => {
    expect(parse(`KeepAliveTimeout \${T}`).receives).toMatchObject([{ idle: { kind: 'unknown' } }])
  })
})

test.each([
  ['a time that is none', '\nKeepAliveTimeout SECRET', ':2: KeepAliveTimeout is not a time'],
  ['a count that is none', 'MaxKeepAliveRequests all', ':1: MaxKeepAliveRequests is not a whole number'],
  ['a section that is not closed', 'Listen 80\n<Directory /SECRET>', ':2: a section is not closed'],
  ['the end of another section', '<A>\n</B>', ':2: closes a section that is not open'],
  ['an end without a section', '</A>', ':1: closes a section that is not open'],
  ['sections in sections for ever', '<A>\n'.repeat(200), ':101: sections are nested too deeply'],
])('is refused with %s, by file and line and without quoting it', (_, text, message) => {
  expect(() => parse(text)).toThrow(`invalid Apache httpd configuration: /etc/apache2/apache2.conf${message}`)
  expect(() => parse(text)).not.toThrow(/SECRET/)
})
