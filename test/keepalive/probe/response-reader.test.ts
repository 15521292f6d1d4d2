import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ReadState, ResponseReader } from '../../../src/keepalive/probe/response-reader.js'

interface Case {
  readonly method?: 'HEAD' | 'GET'
  readonly text: string
  readonly status?: number
  readonly keepsAlive?: boolean
  readonly keepAlive?: string | null
  readonly rest?: string
}

const COMPLETE: Readonly<Record<string, Case>> = {
  'a body of a length': { text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' },
  'a body of no length': { text: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  'a chunked body with an extension and trailers': {
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n',
  },
  'the answer to HEAD, whatever length it names': {
    method: 'HEAD',
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n',
  },
  'an answer that has no body by its status': {
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    status: 304,
  },
  'an answer behind interim ones': {
    text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    status: 204,
  },
  'an answer that ends the connection': {
    text: 'HTTP/1.1 503 Busy\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n',
    status: 503,
    keepsAlive: false,
  },
  'an answer of HTTP/1.0': { text: 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', keepsAlive: false },
  'an answer of HTTP/1.0 that is kept': {
    text: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
  },
  'an announcement in two headers': {
    text: 'HTTP/1.1 200\r\nKEEP-ALIVE: timeout=5\r\nkeep-alive:max=9\r\nContent-Length: 0\r\n\r\n',
    keepAlive: 'timeout=5, max=9',
  },
  'bytes behind the end': { text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore', rest: 'more' },
}

describe.each(Object.entries(COMPLETE))('%s', (_, each) => {
  test('is read to its end, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: each.text.length }), { maxLength: 8 }), (cuts) => {
        const { state, rest } = feed(new ResponseReader(each.method ?? 'GET'), pieces(each.text, cuts))
        expect(state).toMatchObject({
          kind: 'complete',
          head: { status: each.status ?? 200, keepsAlive: each.keepsAlive ?? true, keepAlive: each.keepAlive ?? null },
        })
        expect(rest).toBe(each.rest ?? '')
      }),
    )
  })
})

test.each([
  ['nothing yet', ''],
  ['the beginning of a status line', 'HTT'],
  ['a head without its empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'],
  ['chunks without a last one', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['a body that ends with the connection', 'HTTP/1.1 200 OK\r\n\r\nhello'],
])('%s is incomplete', (_, text) => {
  expect(new ResponseReader('GET').feed(Buffer.from(text))).toEqual({ kind: 'incomplete' })
})

test.each([
  ['another protocol', '220 mail.example ESMTP\r\n'],
  ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
  ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n'],
  ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\nno name\r\n\r\n'],
  ['headers without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`],
])('%s is not HTTP', (_, text) => {
  expect(new ResponseReader('GET').feed(Buffer.from(text, 'latin1'))).toMatchObject({ kind: 'not_http' })
})

test('a body without a length is whole when the connection ends, and keeps none', () => {
  const reader = new ResponseReader('GET')
  reader.feed(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello'))
  expect(reader.end()).toMatchObject({ kind: 'complete', head: { keepsAlive: false } })
})

test('an answer that was promised longer is not whole when the connection ends', () => {
  const reader = new ResponseReader('GET')
  reader.feed(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'))
  expect(reader.end()).toEqual({ kind: 'incomplete' })
})

/** The first complete state, and what came behind the answer in it or later. */
function feed(reader: ResponseReader, parts: readonly string[]) {
  let state: ReadState = { kind: 'incomplete' }
  let rest = ''
  for (const part of parts) {
    if (state.kind === 'complete') rest += part
    else state = reader.feed(Buffer.from(part, 'latin1'))
  }
  return { state, rest: (state.kind === 'complete' ? state.rest.toString('latin1') : '') + rest }
}

function pieces(text: string, cuts: readonly number[]): readonly string[] {
  const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
  return places.slice(1).map((end, index) => text.slice(places[index], end))
}
