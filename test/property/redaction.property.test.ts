import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readCounters } from '../../src/count/stats.js'
import { LineParser } from '../../src/parse/line-parser.js'
import { Processor } from '../../src/pipeline/processor.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { redactRejected, redactText } from '../../src/redact/text.js'
import { EntryWriter } from '../../src/sinks/entries.js'
import { shippedText } from '../pipeline/ship/shipped.js'
import { blockOf, clientHalf, type EventSketch, infoLine, targetHalf, timestamp } from '../support/lines.js'

const redactor = new Redactor(REDACT_ALL, Buffer.from('secret'))
const SHORTEST = 6

/** Begins so that it turns up nowhere by chance. */
const secrets = fc
  .string({ unit: fc.constantFrom(...'ABCXYZabcxyz0123456789-_.'), minLength: SHORTEST - 2, maxLength: 40 })
  .map((text) => `Zq${text}`)

/** Where secrets sit in the lines of a request. */
const PLACES: Readonly<Record<string, (secret: string) => string>> = {
  'the key field': (secret) => request({ clientId: secret }),
  'two keys': (secret) => request({ clientId: `k1, ${secret}` }),
  'a query value': (secret) => request({ url: `v1/orders?a=1&token=${secret}&b=2` }),
  'a query without name': (secret) => request({ url: `v1/orders?${secret}` }),
  'a query behind brackets': (secret) => request({ url: `v1/a][b?x[]=${secret}` }),
  'the query of an absolute url': (secret) => request({ url: `http:/api.acme.example/v1?k=${secret}` }),
  'userinfo of an absolute url': (secret) => request({ url: `http:/user:${secret}@api.acme.example/v1/orders` }),
  'the user of an absolute url': (secret) => request({ url: `http:/${secret}@api.acme.example/v1/orders` }),
  'the token of a fragment': (secret) => request({ url: `v1/orders#access_token=${secret}` }),
  'the key field and the path': (secret) => request({ clientId: secret, url: `v1/orders/${secret}/x` }),
  'the key field and the Host': (secret) => clientHalf({ clientId: secret, host: `a${secret}b` }),
  'the key field and an error text': (secret) => request({ clientId: secret, errorMessage: `no app for ${secret}` }),
  'a fragment with a colon': (secret) => request({ url: `v1/orders#access_token:${secret}` }),
  'an encoded query of the first segment': (secret) => request({ url: `orders%3Fapi%3D${secret}` }),
  'an encoded query of two segments': (secret) => request({ url: `orders%3F${secret}/x%3D1` }),
  'a message of a path that matched nothing': (secret) =>
    clientHalf({ errorMessage: `no match found for /nope?filter[name]=a&x=${secret}`, status: '404' }),
  'a query in a plain line': (secret) => `${timestamp()} info 1 GET /a?q='b'&filter[name]=${secret} x`,
  'a query without pairs in a plain line': (secret) => `${timestamp()} info 1 GET /a?${secret} x`,
  'a list of headers': (secret) => `${timestamp()} debug 1 rawHeaders 'x-api-key', '${secret}', 'Host', 'a'`,
  'the second cookie': (secret) => `${timestamp()} debug 1 Cookie: a=b; SID=${secret}`,
  'a token behind its scheme': (secret) => `${timestamp()} debug 1 authorization: Token ${secret}`,
  'user info of a host': (secret) => clientHalf({ errorMessage: `getaddrinfo ENOTFOUND user:${secret}@host` }),
  'a header dump in a message': (secret) =>
    clientHalf({ component: 'my plugin', message: `{"host":"a","x-api-key":"${secret}"}`, level: 'debug', status: '' }),
  'a header dump of several lines': (secret) =>
    clientHalf({ component: 'x', message: `{\n "x-api-key": "${secret}",\n "a": "b"\n}`, level: 'debug', status: '' }),
  'a header dump in a plain line': (secret) =>
    `${timestamp()} debug 1 request {"headers":{"accept":"*/*","x-api-key":"${secret}"}}`,
  'a header dump behind a record': (secret) => `${infoLine()}\n{"authorization":"Bearer ${secret}"}`,
  'a message of the oauth plugin': (secret) =>
    clientHalf({ component: 'oauth', message: `apiKey:${secret}`, level: 'debug', status: '' }),
  'an error text of the oauth plugin': (secret) => clientHalf({ errorMessage: `apiKey:${secret}`, status: '403' }),
  "a plugin's configuration": (secret) =>
    `${timestamp()} debug 1 installed plugin from oauth and subconfig={"passphrase":"${secret}"}`,
  'a proxy with userinfo': (secret) => `${timestamp()} info 1 using proxy http://u:${secret}@proxy.example:3128`,
}

function request(sketch: EventSketch): string {
  const { errorMessage: _, ...info } = sketch
  return [infoLine(info), targetHalf(sketch), clientHalf(sketch)].join('\n')
}

/** All that goes out for a text: entries, documents, dead letters, shipped lines. */
function outputOf(text: string): string {
  const writer = new EntryWriter({ redaction: redactor, readCounters })
  new LineParser(writer).parse(blockOf(`${text}\n`))
  writer.close()
  const letters: string[] = []
  const processor = new Processor({
    redactor,
    windowMs: 5_000,
    latenessMs: 60_000,
    maxPending: 1_000,
    emit: 'eager',
    onRejection: (_, { bytes, lineStart, lineEnd }) =>
      letters.push(redactor.rejected(new TextDecoder().decode(bytes.subarray(lineStart, lineEnd)))),
  })
  processor.process(blockOf(`${text}\n`))
  processor.finish()
  const documents = processor.take().map((document) => JSON.stringify(document))
  return [new TextDecoder().decode(writer.take()), ...documents, ...letters, shippedText(`${text}\n`, redactor)].join(
    '\n',
  )
}

/** True where enough of the secret stands in the output to be one. */
function leaks(output: string, secret: string): boolean {
  for (let i = 0; i + SHORTEST <= secret.length; i++) if (output.includes(secret.slice(i, i + SHORTEST))) return true
  return false
}

describe('a secret', () => {
  test.each(Object.entries(PLACES))('in %s gets into no output', (_, place) => {
    fc.assert(fc.property(secrets, (secret) => expect(leaks(outputOf(place(secret)), secret)).toBe(false)))
  })

  test('in the key field and the first segment of the path gets into no output', () => {
    const secret = 'ZqSecret0123'
    expect(outputOf(request({ clientId: secret, url: `${secret}/orders` }))).not.toContain(secret)
  })

  test('in a line that was torn gets into no output', () => {
    const sketches = fc.constantFrom(
      (secret: string): EventSketch => ({ clientId: secret }),
      (secret: string): EventSketch => ({ url: `v1/orders?a=1&token=${secret}` }),
      (secret: string): EventSketch => ({ clientId: secret, host: 'a][b' }),
    )
    fc.assert(
      fc.property(secrets, sketches, fc.nat(), fc.boolean(), (secret, sketch, place, keepsStart) => {
        const line = clientHalf(sketch(secret))
        const cut = place % (line.indexOf(secret) + secret.length + 1)
        const torn = keepsStart ? line.slice(0, line.length - cut) : line.slice(cut)
        expect(leaks(outputOf(`${infoLine()}\n${torn}\n${infoLine()}`), secret)).toBe(false)
        expect(leaks(outputOf(torn), secret)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  test('in a line of any fields is masked where the line is rejected', () => {
    fc.assert(
      fc.property(
        secrets,
        fc.array(fc.constantFrom('][', '] [', '[', 'x', 'GET'), { maxLength: 10 }),
        (secret, around) => {
          const line = `${timestamp()} [error][${around.join('')}][${secret}][${around.join('')}]`
          expect(leaks(redactRejected(line), secret)).toBe(false)
        },
      ),
    )
  })
})

describe('redacting', () => {
  const texts = fc
    .array(
      fc.constantFrom(
        'a',
        ' ',
        '"',
        "'",
        '\\',
        '{',
        '}',
        '[',
        ']',
        ':',
        '=',
        ',',
        '?',
        '&',
        '@',
        'token',
        'x-api-key',
        'Bearer ',
        'http://',
        'eyJabcdef.',
        'headers=',
        '***',
        '\n',
        '/',
        ';',
        ')',
        '>',
        '#',
        '%3F',
        'cookie',
        'password',
        'Token ',
        'b: ',
        'read ECONNRESET',
        'no match found for ',
        'Zq12345',
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join(''))

  test('a second time changes nothing', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = redactText(text)
        expect(redactText(once)).toBe(once)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a rejected line a second time changes nothing', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const once = redactRejected(text)
        expect(redactRejected(once)).toBe(once)
      }),
      { numRuns: 2_000 },
    )
  })

  test('leaves words as they are', () => {
    const words = fc.array(
      fc.constantFrom('socket', 'hang', 'up', 'connect', '10.0.0.9:8080', 'on', 'port', '(x)', 'a/b'),
    )
    fc.assert(
      fc.property(words, (parts) => {
        expect(redactText(parts.join(' '))).toBe(parts.join(' '))
      }),
    )
  })
})
