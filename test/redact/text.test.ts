import { describe, expect, test } from '@jest/globals'
import { MASK } from '../../src/redact/mask.js'
import { redactRejected, redactText } from '../../src/redact/text.js'
import { takesLinearTime } from '../support/linear.js'
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
    ['a query with brackets', `no match found for /nope?filter[name]=${SECRET}1&x=${SECRET}2`],
    ['a query with quotes', `no match found for /nope?q='b'&r=${SECRET}`],
    ['a query with JSON', `GET /nope?filter={"a":"b","c":["d"]}&r=${SECRET}`],
    ['a query without pairs', `no match found for /nope?${SECRET}`],
    ['a query with blanks', `no match found for /nope a?q=b ${SECRET}`],
    ['a fragment of a path that matched nothing', `no match found for /nope#${SECRET}`],
    ['a query with brackets in a line', `GET /a?filter[name]=${SECRET} HTTP/1.1`],
    ['a query without pairs in a line', `GET /a?${SECRET} HTTP/1.1`],
    ['a query without a path', `GET ?${SECRET}`],
    ['a query of a name without a slash', `GET orders?filter[name]=${SECRET}`],
    ['a query in quotes', `{"url":"/a?x=\\"b\\"&y=${SECRET}"}`],
    ['the query of the second url of a word', `{"from":"/a?b","to":"/c?${SECRET}"}`],
    ['a query behind a matrix parameter', `GET /x;jsessionid=1?filter[name]=${SECRET}`],
    ['an encoded query', `GET /orders%3Fapi%3D${SECRET}`],
    ['a token behind any scheme', `authorization: Token ${SECRET}`],
    ['a token behind any scheme in quotes', `curl -H 'Authorization: Token ${SECRET}' http://a/`],
    ['a header of pairs', `Authorization: Digest username="x", response="${SECRET}"`],
    ['a token behind a scheme behind another name', `x-auth-token: Token ${SECRET}`],
    ['the second cookie', `Cookie: a=b; SID=${SECRET}`],
    ['a cookie behind one in quotes', `Cookie: "a"; SID=${SECRET}`],
    ['the second cookie in JSON', `{"cookie":"a=b; SID=${SECRET}"}`],
    ['the second cookie of a header in quotes', `["Cookie: a=b; SID=${SECRET}"]`],
    ['a list of names and values', `rawHeaders [ 'x-api-key', '${SECRET}', 'Host', 'a' ]`],
    ['a list of names and values in lines', `rawHeaders: [\n    'x-api-key',\n    '${SECRET}' ]`],
    ['a list of names and values in JSON', `["Host","a","Authorization","Token ${SECRET}"]`],
    ['a list of names and values in JSON inside JSON', `[\\"x-api-key\\",\\"${SECRET}\\"]`],
    ['a map', `Map(1) { 'x-api-key' => '${SECRET}' }`],
    ['a name in brackets', `login[token]=${SECRET}`],
    ['a value behind many blanks', `token:      ${SECRET}`],
    ['userinfo with a slash in the name', `redis://us/er:${SECRET}@host`],
    ['userinfo with a slash in the password', `redis://user:a/${SECRET}@host`],
    ['userinfo with a question mark', `redis://user:a?${SECRET}@host`],
    ['userinfo with an @', `redis://user:a@${SECRET}@host`],
    ['userinfo without a scheme', `getaddrinfo ENOTFOUND user:${SECRET}@host`],
    ['userinfo without a scheme, with a slash', `getaddrinfo ENOTFOUND user:a/${SECRET}@host`],
    ['userinfo of a second url', `redis://a:b@c,redis://user:${SECRET}@host`],
    ['long userinfo', `redis://${'x'.repeat(1_000)}${SECRET}@host`],
    ['a password behind words in quotes', `password: "my" ${SECRET} phrase`],
    ['a password of several words', `password: my ${SECRET} phrase`],
    ['a passphrase of several words with an equal sign', `passphrase=my ${SECRET} phrase`],
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
    'is it "this"? and/or?',
    '{"text":"what now?","more":"and/or?"}',
    'connect ECONNREFUSED 127.0.0.1:28039',
    'connect ECONNREFUSED ::1:8080',
    'connect ETIMEDOUT 10.0.0.9:8080 - Local (10.0.0.1:3)',
    'getaddrinfo ENOTFOUND backend.example:8080',
    'cannot fetch the token: connect ECONNREFUSED 127.0.0.1:28039',
    'cannot read the secret: socket hang up',
    "open '/etc/x/a@b.yaml': ENOENT: no such file or directory",
    'component=microgateway, port=28000, uid=03c39ed2-02f0-4979-b3e6-a90dc305ddea',
    '10.0.0.9:8080 -> http://backend.example:8080/v1/users/me@acme.example',
    'GET /v1/users/me@acme.example HTTP/1.1',
    'mail to ops@acme.example',
    '    at f (/srv/node_modules/.store/a@1.0.0/index.js:3:5)',
    "[ 'host', 'key is missing', 'port' ]",
    'write EPROTO 140:error:1408F10B:SSL routines:ssl3_get_record:wrong version number:../deps/record.c:332:',
    'unable to verify the first certificate',
  ])('leaves a text without secrets as it is: %s', (text) => {
    expect(redactText(text)).toBe(text)
  })

  test.each([
    ['a url in quotes', '{"url":"/a?b=c","code":"ECONNRESET"}', '{"url":"/a?***","code":"ECONNRESET"}'],
    ['a url before words', 'GET /a?b[]=c HTTP/1.1 10.0.0.9:8080', 'GET /a?*** HTTP/1.1 10.0.0.9:8080'],
    ['a header in quotes', "-H 'Cookie: a=b; c=d' http://e:1/f", "-H 'Cookie: ***' http://e:1/f"],
    ['a header in lines', 'Cookie: a=b; c=d\nHost: e:1', 'Cookie: ***\nHost: e:1'],
    ['a phrase before a pair', 'password: a b c port=28000', 'password: *** port=28000'],
    ['a phrase in a clause', 'password: a b c, port=28000', 'password: ***, port=28000'],
    ['a phrase in quotes', '{"message":"password: a b","port":1}', '{"message":"password: ***","port":1}'],
    [
      'a word before words',
      'token=abc status=502 refused by 10.0.0.9:8080',
      'token=*** status=502 refused by 10.0.0.9:8080',
    ],
    ['items', "[ 'x-api-key', 'a', 'Host', 'b:1' ]", "[ 'x-api-key', '***', 'Host', 'b:1' ]"],
    ['a list', '{"token":["a","b"],"port":1}', '{"token":[***],"port":1}'],
    ['a list of cookies', 'cookie: [a=b], port=1', 'cookie: [***], port=1'],
    ['a value inside a word', "a:token='b c'@d", '***@d'],
    ['userinfo', 'redis://a:b@c.example:6379/0 ECONNREFUSED', 'redis://***@c.example:6379/0 ECONNREFUSED'],
  ])('leaves what stands around %s', (_, text, expected) => {
    expect(redactText(text)).toBe(expected)
    expect(redactText(expected)).toBe(expected)
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
    ['letters', 'a'],
    ['digits', '1'],
    ['slashes', '/'],
    ['question marks', '?'],
    ['questions in quotes', '"?'],
    ['urls in quotes', '"/?"a'],
    ['at signs', '@'],
    ['user info', 'a:/b@'],
    ['colons of ports', ':1/'],
    ['colons and slashes', 'a:/'],
    ['encoded questions', '%3f'],
    ['encoded pairs', '%3f%3d'],
    ['names of lists', "'key',"],
    ['names in quotes', "'key'"],
    ['names of headers', "'cookie:x'"],
    ['names of headers in lines', 'cookie:x\n'],
    ['names of phrases', 'pwd:x '],
    ['names of maps', 'key=>'],
    ['schemes of tokens', 'Bearer '],
    ['hyphens', '-'],
    ['opening brackets', '['],
    ['closing brackets', ']'],
    ['opening braces', '{'],
    ['closing braces', '}'],
    ['apostrophes', "'"],
    ['line ends', '\n'],
    ['messages', 'no match found for '],
    ['header dumps', 'headers='],
    ['dots', '.'],
    ['dots of schemes', 'a.'],
  ])('takes linear time over many %s', (_, piece) => {
    for (const around of [
      ['', ''],
      ['', '@'],
      ['/?', ''],
      ['key:', ''],
      ['pwd: x', ''],
      ["'cookie: ", ''],
      ['key="', ''],
    ]) {
      const linear = takesLinearTime((length) => {
        const text = around.join(piece.repeat(length / piece.length))
        return () => {
          redactText(text)
          redactRejected(text)
        }
      })
      expect(linear).toBe(true)
    }
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
