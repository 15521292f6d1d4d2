import { describe, expect, test } from '@jest/globals'
import { MASK, redactRejected, redactText } from '../../src/redact/text.js'
import { CORRELATION_ID, eventLine, OTHER_ID, timestamp } from '../support/lines.js'

const SECRET = 'sEcReT0123456789'

describe('redactText', () => {
  test.each([
    ['a header dump', `{"host":"a","x-api-key":"${SECRET}","accept":"*/*"}`],
    ['a header dump inside an object', `{"method":"GET","headers":{"x-api-key":"${SECRET}"}}`],
    ['a header dump behind a name', `request options={"x-api-key":"${SECRET}"}`],
    ['a header dump that was cut', `headers={"x-api-key":"${SECRET}","accept":"*/`],
    ['a list of header dumps', `{"a":[{"authorization":"${SECRET}"}]}`],
    ['a header dump that was made text twice', `{"message":"{\\"x-api-key\\":\\"${SECRET}\\"}"}`],
    ['a value with an escaped quote', `{"token":"a\\"${SECRET}"}`],
    ['a value whose quote never ends', `{"token":"${SECRET}`],
    ['a message of the oauth plugin', `apiKey:${SECRET}`],
    ['a message with a blank', `apiKey: ${SECRET} not found`],
    ['a pair', `client_secret=${SECRET}, uid=7`],
    ['pairs without blanks', `a=b;x-api-key=${SECRET};c=d`],
    ['a pair behind a pair', `options=x-api-key=${SECRET}`],
    ['single quotes', `password='${SECRET} and more'`],
    ['a bearer token', `authorization: Bearer ${SECRET}`],
    ['a basic token', `sent Basic ${SECRET}==`],
    ['a JSON web token', `token is eyJhbGciOiJIUzI1NiJ9.${SECRET}.c2ln`],
    ['a query', `no match found for /a/b?id=${SECRET}`],
    ['userinfo', `proxy http://user:${SECRET}@proxy.example:3128`],
    ['userinfo of a url that lost a slash', `http:/user:${SECRET}@proxy.example:3128/x`],
    ["a plugin's configuration", `installed plugin from x and subconfig={"a":{"b":"${SECRET}"}}`],
    ['a private key', `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----`],
    ['a private key that was cut', `-----BEGIN PRIVATE KEY-----\n${SECRET}`],
    ['a value with a quote inside JSON inside JSON', `{\\"token\\":\\"a\\\\\\"${SECRET}\\",\\"b\\":1}`],
    ['a list of values', `{"authorization":["a b","${SECRET}"]}`],
    ['an object of values', `{"credentials":{"a":"b c","d":"${SECRET}"}}`],
    ['a name of any length', `${'x'.repeat(100)}token=${SECRET}`],
    ['a cookie', `cookie: sid=${SECRET}`],
  ])('masks %s', (_, text) => {
    expect(redactText(text)).not.toContain(SECRET)
  })

  test('masks the API key of the request itself wherever it stands', () => {
    expect(redactText(`no app for ${SECRET}, sorry`, SECRET)).toBe(`no app for ${MASK}, sorry`)
  })

  test.each([
    'socket hang up',
    'read ECONNRESET',
    'connect ECONNREFUSED 10.0.0.9:8080',
    'getaddrinfo ENOTFOUND backend.example',
    'no match found for /no-such-base/]x[/ff911c',
    "Hostname/IP does not match certificate's altnames",
    'installed plugin from accumulate-request ',
    'edge micro listening on port 28000 uid=03c39ed2-02f0-4979-b3e6-a90dc305ddea, port=28000, err=undefined',
    'handleWorkerExit 1 :: 7356',
    `Request ID: ${CORRELATION_ID}, executing plugin handler`,
    '    at TLSSocket.socketOnEnd (_http_client.js:499:23)',
    'is this a question?',
  ])('leaves a text without secrets as it is: %s', (text) => {
    expect(redactText(text)).toBe(text)
  })

  test('cuts a text that is longer than anyone reads', () => {
    expect(redactText('x'.repeat(100_000)).length).toBeLessThan(70_000)
  })

  test.each([
    ['names and separators', 'a:'],
    ['separators', '='],
    ['quotes', '"'],
    ['backslashes', '\\'],
    ['escaped quotes', '\\"'],
    ['braces', 'config={'],
    ['schemes', 'http://'],
    ['key headers', '-----BEGIN X-----'],
    ['questions', '?a'],
    ['blanks', ' '],
    ['keys', 'key="'],
    ['tokens', 'eyJ'],
  ])('takes linear time over %s', (_, piece) => {
    const started = performance.now()
    redactText(piece.repeat(65_536 / piece.length))
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('redactRejected', () => {
  test('leaves what can hold no secret and masks the rest', () => {
    const line = eventLine({ clientId: `${SECRET}][${SECRET}`, url: `v1/a?k=${SECRET}` })
    expect(redactRejected(line)).toBe(
      `${timestamp()} [error][***][3][***][***][***][***][***][***][${CORRELATION_ID}]` +
        '[microgateway-core][][GET][502][socket hang up][ECONNRESET][]',
    )
  })

  test('keeps a correlation id before a component only: a key may look like one', () => {
    const masked = redactRejected(eventLine({ clientId: OTHER_ID, timeTakenMs: 'x' }))
    expect(masked).toContain(CORRELATION_ID)
    expect(masked).not.toContain(OTHER_ID)
  })

  test.each([
    ['whose start is torn off in the middle of the key', (line: string) => line.slice(line.indexOf(SECRET))],
    ['whose end is torn off in the middle of the key', (line: string) => line.slice(0, line.indexOf(SECRET) + 12)],
    ['whose start is torn off in the middle of the query', (line: string) => line.slice(line.indexOf('?') + 3)],
  ])('masks a line %s', (_, tear) => {
    const torn = tear(eventLine({ clientId: SECRET, url: `v1/a?token=${SECRET}` }))
    expect(redactRejected(torn)).not.toContain(SECRET.slice(0, 12))
  })

  test('masks the envelope of a line that was cut', () => {
    const cut = JSON.stringify({ log: `${timestamp()} debug 1 headers {"x-api-key":"${SECRET}"}` }).slice(0, -1)
    expect(redactRejected(cut)).not.toContain(SECRET)
  })

  test('leaves time and head of a plain line', () => {
    expect(redactRejected(`${timestamp()} fatal 2 [${SECRET}]`)).toBe(`${timestamp()} fatal 2 [***]`)
  })

  test('masks a line without brackets as a text', () => {
    expect(redactRejected(`apiKey:${SECRET}`)).toBe(`apiKey:${MASK}`)
  })
})
