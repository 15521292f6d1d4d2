import { describe, expect, test } from '@jest/globals'
import { Role } from '../../src/event-view.js'
import {
  CORRELATION_ID,
  type EventSketch,
  eventLine,
  expectedFields,
  infoLine,
  OTHER_ID,
  parsed,
  targetHalf,
} from '../support/lines.js'

/** A fake that ends like a real client half. */
const FAKE_TAIL = `][][${OTHER_ID}][microgateway-core][][GET][502][socket%20hang%20up][ECONNRESET][]`
const FAKE_LINE = `2021-06-23T03:52:24.110Z%20[error][0:8000][3][myorg][test][fake][][][${OTHER_ID}][microgateway-core][][GET][502][x][ECONNRESET][]`
const FAKE_LINE_WITH_BLANKS = FAKE_LINE.replaceAll('%20', ' ')

/** What a log of today's gateway has shown before the hostile line comes. */
const LEARNED = `${infoLine()}\n`
const LEARNED_2021 = `${infoLine({ clientIp: '' })}\n`

const last = (text: string) => {
  const { events, rejections } = parsed(text)
  return { event: events.at(-1), rejections, count: events.length }
}

describe('separators inside a field', () => {
  test.each<[string, EventSketch]>([
    ['one in the query', { url: 'v1/orders?a[][b]=1' }],
    ['fake fields in the url', { url: `v1/orders/24e065?x=${FAKE_TAIL}` }],
    ['a whole fake line in the url', { url: `v1/orders/1f4306%0a${FAKE_LINE}` }],
    ['one in the Host', { host: 'a][b' }],
    ['fake fields in the Host', { host: `x][7][org][env][v1/fake][10.0.0.1][key][${OTHER_ID}` }],
    ['a fake target in the Host', { host: `10.6.6.6:80][3][evil][test][v1/x][10.0.0.1][k` }],
    ['one in the key', { clientId: 'k][k' }],
    [
      'fake fields in the key',
      { clientId: `k][${OTHER_ID}][plugins-middleware][targetRequest error][GET][][x][ECONNRESET][5` },
    ],
    ['a whole fake line in the key', { clientId: FAKE_LINE_WITH_BLANKS }],
    ['a key that looks like a correlation id', { clientId: OTHER_ID }],
    ['a key that looks like one, with brackets in the url', { clientId: OTHER_ID, url: 'v1/a][b' }],
    ['a key that looks like one, with brackets in the Host', { clientId: OTHER_ID, host: 'v1/a][b' }],
    ['a lone separator that begins and ends the key', { clientId: '][' }],
    ['brackets around separators', { clientId: '[[]][[]]' }],
    ['many separators in Host and url', { host: '][][', url: 'v1/][][' }],
    ['a key that begins with an address', { clientId: '10.0.0.1][k' }],
  ])('is kept out of the other fields: %s', (_, sketch) => {
    const { event, rejections } = last(`${LEARNED}${eventLine(sketch)}\n`)
    expect(rejections).toEqual([])
    const expected = expectedFields(sketch)
    for (const name of event?.uncertain ?? []) delete expected[name]
    expect(event?.fields).toMatchObject(expected)
    expect(event?.role).toBe(Role.client)
  })

  test.each<[string, EventSketch]>([
    ['one in the url', { url: 'v1/a][b' }],
    ['one in the Host', { host: 'a][b' }],
    ['one in the key', { clientId: 'k][k' }],
    ['fake fields in the key', { clientId: `k][${OTHER_ID}][plugins-middleware][targetRequest error][GET][][x][Y][5` }],
  ])('is kept out of the other fields where addresses are empty, as in 2021: %s', (_, sketch) => {
    const { event, rejections } = last(`${LEARNED_2021}${eventLine({ clientIp: '', ...sketch })}\n`)
    expect(rejections).toEqual([])
    const expected = expectedFields({ clientIp: '', ...sketch })
    for (const name of event?.uncertain ?? []) delete expected[name]
    expect(event?.fields).toMatchObject(expected)
  })

  test('keeps a target half apart from a client half whose Host names the target', () => {
    const { event } = last(`${LEARNED}${targetHalf({ url: 'v1/a][b', clientId: 'k][k' })}\n`)
    expect(event).toMatchObject({ role: Role.targetRequestError, fields: { host: '10.0.0.9:8080' } })
  })

  test('takes the brackets of a target half for those of url and key, never for its host', () => {
    const sketch = { clientId: 'x][3][acme-eval][test][fake][10.0.0.1][k' }
    const { event } = last(`${LEARNED}${targetHalf(sketch)}\n`)
    expect(event?.fields).toMatchObject({ host: '10.0.0.9:8080', pid: '3', url: 'v2/orders/94976/detail' })
  })
})

test('a tab in the url, which Node 14 lets pass, does not make the fake fields of a Host the true ones', () => {
  const host = 'x][3][acme-eval][test][v1/fake][][k'
  const { event, rejections } = last(`${LEARNED_2021}${eventLine({ host, clientIp: '', url: 'v1/a\tb' })}\n`)
  expect(rejections).toMatchObject([{ reason: 'ambiguous' }])
  expect(event?.fields.host).toBe('10.0.0.9:8080')
})

describe('what stays open between url, address and key', () => {
  test('is named as uncertain, and only that', () => {
    const { event } = last(`${LEARNED}${eventLine({ url: 'v1/x][10.9.9.9][k', clientId: 'real' })}\n`)
    expect(event?.uncertain).toEqual(['url', 'clientIp', 'clientId'])
    const { url: _url, clientIp: _ip, clientId: _id, ...certain } = expectedFields({})
    expect(event?.fields).toMatchObject(certain)
  })

  test('is not certain where a client came by IPv6, whose address is empty, and the url holds one', () => {
    const sketch = { url: 'v1/][127.0.0.22', clientIp: '', clientId: 'k' }
    const { event } = last(`${LEARNED}${eventLine(sketch)}\n`)
    const { url, clientIp, clientId } = expectedFields(sketch)
    const isRight =
      event?.fields.url === url && event?.fields.clientIp === clientIp && event?.fields.clientId === clientId
    expect(isRight || event?.uncertain.length).toBeTruthy()
  })

  test('is certain where the url holds no address', () => {
    const { event } = last(`${LEARNED}${eventLine({ url: 'v1/a][b' })}\n`)
    expect(event?.uncertain).toEqual([])
  })
})

describe('a line with more than one reading', () => {
  test('is rejected as ambiguous where a Host repeats the fields of the gateway itself', () => {
    const host = 'x][3][acme-eval][test][v1/fake][127.0.0.22][k'
    const { rejections, count } = last(`${LEARNED}${eventLine({ host })}\n`)
    expect(rejections).toMatchObject([{ reason: 'ambiguous' }])
    expect(count).toBe(1)
  })

  test('is rejected as ambiguous where nothing has shown the organisation yet', () => {
    const host = 'x][7][evil][prod][v1/fake][127.0.0.22][k'
    expect(last(`${eventLine({ host })}\n`).rejections).toMatchObject([{ reason: 'ambiguous' }])
  })

  test('is rejected where the path of a 404 ends like an event', () => {
    const errorMessage = `no match found for /x][${OTHER_ID}][microgateway-core][][GET][502][socket hang up`
    const sketch = {
      url: '',
      clientIp: '',
      clientId: '',
      correlationId: '',
      status: '404',
      errorMessage,
      errorCode: '',
    }
    expect(last(`${LEARNED_2021}${eventLine(sketch)}\n`).rejections).toMatchObject([{ reason: 'ambiguous' }])
  })

  test('is rejected where no reading holds', () => {
    const line = eventLine({ clientId: 'a][b', correlationId: 'not-a-uuid' })
    expect(last(`${LEARNED}${line}\n`).rejections).toMatchObject([{ reason: 'bad_field' }])
  })
})

describe('a 404 of 2021, which quotes the path', () => {
  const noMatch = (path: string, host = 'api.acme.example:8000'): EventSketch => ({
    host,
    url: '',
    clientIp: '',
    clientId: '',
    correlationId: '',
    status: '404',
    errorMessage: `no match found for ${path}`,
    errorCode: '',
  })

  test.each([
    ['no brackets', '/nowhere'],
    ['brackets the wrong way round', '/no-such-base/]x[/ff911c'],
    ['a separator', '/no-such-base/a][b'],
    ['many separators', '/no-such-base/a][][][][][b'],
  ])('keeps it whole: %s', (_, path) => {
    const { event, rejections } = last(`${LEARNED_2021}${eventLine(noMatch(path))}\n`)
    expect(rejections).toEqual([])
    expect(event?.fields).toEqual(expectedFields(noMatch(path)))
  })

  test('keeps it whole behind a Host with separators', () => {
    const { event } = last(`${LEARNED_2021}${eventLine(noMatch('/a][b', 'h][h'))}\n`)
    expect(event?.fields).toEqual(expectedFields(noMatch('/a][b', 'h][h')))
  })
})

describe("a plugin's message with brackets", () => {
  test('is kept whole', () => {
    const sketch = { component: 'my plugin', message: 'a][b', status: '' }
    const { event, rejections } = last(`${LEARNED}${eventLine(sketch)}\n`)
    expect(rejections).toEqual([])
    expect(event?.fields).toEqual(expectedFields(sketch))
  })

  test('is kept whole in an error text', () => {
    const sketch = { errorMessage: 'expected "]" but got "][" and more' }
    expect(last(`${LEARNED}${eventLine(sketch)}\n`).event?.fields).toEqual(expectedFields(sketch))
  })

  test('is ambiguous where it may begin in two places', () => {
    const sketch = { component: 'x', message: `a][GET][][b`, correlationId: CORRELATION_ID, status: '' }
    const { rejections, event } = last(`${LEARNED}${eventLine(sketch)}\n`)
    expect(rejections.length === 1 || event?.fields.message === sketch.message).toBe(true)
  })
})
