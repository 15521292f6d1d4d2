import { describe, expect, test } from '@jest/globals'
import { parseTomcat } from '../../../src/keepalive/files/tomcat.js'
import { brief } from './support.js'

const parse = (text: string) => parseTomcat({ file: '/opt/tomcat/conf/server.xml', text })
const receives = (connectors: string) =>
  brief(parse(`<?xml version="1.0"?>\n<Server port="8005"><Service name="C">${connectors}</Service></Server>`).receives)

describe('Tomcat', () => {
  test('keeps idle connections for connectionTimeout, as the server.xml it comes with has it', () => {
    const connector = '\n<Connector port="8080" protocol="HTTP/1.1"\n connectionTimeout="20000" redirectPort="8443" />'
    expect(receives(connector)).toEqual([{ ports: [8080], idle: 20_000, line: 3, maxRequests: 100 }])
  })

  test.each([
    ['keepAliveTimeout before connectionTimeout', 'connectionTimeout="20000" keepAliveTimeout="60000"', 60_000],
    ['a minute where nothing is set', '', 60_000],
    ['no end with -1', 'keepAliveTimeout="-1"', 'never'],
    ['no end with 0', 'connectionTimeout="0"', 'never'],
    ['no connection twice with one request', 'maxKeepAliveRequests="1"', 'no_reuse'],
    ['what a property says', `keepAliveTimeout="\${keep}"`, 'unknown'],
  ])('takes %s', (_, attributes, idle) => {
    expect(receives(`<Connector port="1" ${attributes}/>`)).toMatchObject([{ idle }])
  })

  test.each(['-1', '0'])('has no bound of requests with %s', (count) => {
    const connector = `<Connector port="1" maxKeepAliveRequests="${count}"/>`
    expect(receives(connector)).toMatchObject([{ idle: 60_000, maxRequests: null }])
  })

  test('tells each connector apart, and none that speaks AJP or is a comment', () => {
    const connectors = `
      <Connector port="8080" keepAliveTimeout="1000"/>
      <!-- <Connector port="1"/> -->
      <Connector protocol="AJP/1.3" port="8009"/>
      <Connector port="8443" SSLEnabled="true" keepstorePass="SECRET"><UpgradeProtocol className="x"/></Connector>`
    expect(receives(connectors)).toMatchObject([{ ports: [8080], idle: 1000 }, { ports: [8443] }])
  })
})

test.each([
  ['no XML', '<Server>\n<Connector', ':2: is no XML'],
  ['no text at all', '', ':1: is no XML'],
  ['the root of another file', '<web-app/>', ':1: is no server.xml: its root is not Server'],
  ['a number that is none', '<Server>\n<Connector port="SECRET"/></Server>', ':2: port is not a whole number'],
  ['elements in elements for ever', '<Server>'.repeat(500), ':1: elements are nested too deeply'],
  [
    'entities of its own',
    '<!DOCTYPE Server [<!ENTITY a "SECRET"><!ENTITY b "&a;&a;">]>\n<Server name="&b;"/>',
    ':2: is no XML',
  ],
  [
    'entities out of another file',
    '<!DOCTYPE Server [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<Server>&a;</Server>',
    ':2: is no XML',
  ],
])('is refused with %s, by file and line and without quoting it', (_, text, message) => {
  expect(() => parse(text)).toThrow(`invalid Tomcat configuration: /opt/tomcat/conf/server.xml${message}`)
  expect(() => parse(text)).not.toThrow(/SECRET/)
})
