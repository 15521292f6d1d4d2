import { describe, expect, test } from '@jest/globals'
import { CORRELATION_ID, type EventSketch, eventLine, expectedFields, parsed, utf8 } from '../support/lines.js'

describe('an event whose fields hold no separators', () => {
  test.each<[string, EventSketch]>([
    ['a client half of 3.3', {}],
    [
      'a client half of 2021, without client address and key',
      { host: '0:8000', org: 'myorg', url: 'emg_badtarget/flakey/hangup', clientIp: '', clientId: '' },
    ],
    [
      'a target half of 2021 at level warn',
      {
        level: 'warn',
        host: 'X.X.X.X:8080',
        component: 'plugins-middleware',
        message: 'targetRequest error',
        status: '',
        timeTakenMs: '395',
      },
    ],
    [
      'a 404 without url, address, key and correlation id',
      {
        url: '',
        clientIp: '',
        clientId: '',
        correlationId: '',
        status: '404',
        errorMessage: 'no match found',
        errorCode: '',
      },
    ],
    [
      'a refusal of a plugin',
      { message: 'source request failed.', status: '503', errorMessage: 'SpikeArrest engaged' },
    ],
    ['a certificate error', { errorMessage: 'self-signed certificate', errorCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
    ['an unreachable host', { errorMessage: 'connect EHOSTUNREACH 192.0.2.7:28021 - Local (0.0.0.0:0)' }],
    ['no organisation', { org: 'undefined', env: 'undefined' }],
    ['an IPv6 literal as Host', { host: '[::1]:8000' }],
    ['a Host that ends in a bracket', { host: '[::1]' }],
    ['an empty Host', { host: '' }],
    ['brackets side by side in the url', { url: 'v1/orders/list?filter[name]=x&filter[]=1' }],
    ['brackets the wrong way round in the url', { url: 'v1/orders/a]b[c' }],
    ['brackets apart in Host and key', { host: 'a]x[b', clientId: 'k]y[z' }],
    ['blanks and tabs in Host and key', { host: 'a b\tc', clientId: ' k  k\t' }],
    ['latin1 bytes that the gateway wrote as UTF-8', { url: 'v1/orders/cafÃ©?city=ZÃ¼rich', clientId: 'clÃ©' }],
    ['U+0085 and U+2028, which are no line ends', { clientId: 'a\u0085b\u2028c\u2029d' }],
    ['a vertical tab and a form feed', { clientId: 'a\u000bb\u000cc' }],
    ['a NUL inside a field', { clientId: 'a\u0000b' }],
    ['a carriage return inside a field', { clientId: 'a\rb' }],
    ['a correlation id in upper case', { correlationId: CORRELATION_ID.toUpperCase() }],
    ['a correlation id of another shape', { correlationId: 'req-17' }],
    ['a url of 14 kB', { url: `v1/${'L'.repeat(14_000)}` }],
    ['a time taken that is negative', { timeTakenMs: '-3' }],
    ['level trace', { level: 'trace' }],
  ])('is split as written: %s', (_, sketch) => {
    const { events, rejections, ledger } = parsed(`${eventLine(sketch)}\n`)
    expect(rejections).toEqual([])
    expect(events.map(({ fields, uncertain }) => ({ fields, uncertain }))).toEqual([
      { fields: expectedFields(sketch), uncertain: [] },
    ])
    expect(ledger).toMatchObject({ lines: 1, events: 1 })
  })

  test('tells its time and its place', () => {
    const { events } = parsed(`${eventLine({ at: 0 })}\n${eventLine({ at: 1234 })}\n`)
    expect(events[1].timeMs - events[0].timeMs).toBe(1234)
    expect(events[1].offset).toBe(eventLine().length + 1)
  })

  test('reads invalid UTF-8 as U+FFFD and leaves the other fields alone', () => {
    const bytes = utf8(eventLine({ clientId: 'a?b' }))
    bytes[bytes.lastIndexOf(0x3f)] = 0xff
    const [event] = parsed(bytes).events
    expect(event.fields).toEqual(expectedFields({ clientId: 'a\ufffdb' }))
  })
})

describe("the article's sample lines", () => {
  const client =
    '2021-06-23T03:52:24.110Z [error][0:8000][3][myorg][test] [emg_badtarget/flakey/hangup][][]' +
    `[${CORRELATION_ID}] [microgateway-core][][GET][502][socket hang up][ECONNRESET][]`
  const target =
    '2021-06-23T03:52:24.109Z [warn][X.X.X.X:8080][3][myorg][test][emg_badtarget/flakey/hangup] [][]' +
    `[${CORRELATION_ID}][plugins-middleware] [targetRequest error][GET][][socket hang up][ECONNRESET][395]`

  test.each([
    ['client half', client],
    ['target half', target],
  ])('with stray blanks give what they give without: %s', (_, line) => {
    const [stray] = parsed(line).events
    const [clean] = parsed(line.replaceAll('] [', '][')).events
    expect(stray.fields).toEqual(clean.fields)
    expect(stray.role).toBe(clean.role)
  })

  test('may end in blanks', () => {
    expect(parsed(`${client}   \n`).events[0].fields.timeTakenMs).toBeNull()
  })

  test('may have blanks between all brackets, also several', () => {
    const [stray] = parsed(target.replaceAll('][', ']   [')).events
    expect(stray.fields).toEqual(parsed(target).events[0].fields)
  })

  test('do not make `] [` a separator where the line has its own', () => {
    expect(parsed(eventLine({ clientId: 'k] [x' })).events[0].fields).toEqual(expectedFields({ clientId: 'k] [x' }))
  })
})

describe('a line that is no event', () => {
  test.each<[string, string, string]>([
    ['an unknown level', eventLine({ level: 'fatal' }), 'bad_level'],
    ['an empty level', eventLine({ level: '' }), 'bad_level'],
    ['letters for the worker', eventLine({ pid: '3a' }), 'bad_field'],
    ['a status that is no number', eventLine({ status: '50x' }), 'bad_field'],
    ['a time taken that is no number', eventLine({ timeTakenMs: '3.5' }), 'bad_field'],
    ['a method with a blank', eventLine({ method: 'G T' }), 'bad_field'],
    ['an error code with a bracket', eventLine({ errorCode: 'A]B' }), 'bad_field'],
    ['a component with a bracket', eventLine({ component: 'a[b' }), 'bad_field'],
    ['a correlation id with blanks', eventLine({ correlationId: 'a b' }), 'bad_field'],
    ['no closing bracket', eventLine().slice(0, -1), 'unterminated'],
    ['its second half gone', `${eventLine().slice(0, 90)}]`, 'missing_fields'],
    ['a field too few', eventLine().replace('[GET]', ''), 'missing_fields'],
    ['no blank behind the time', eventLine().replace('Z [', 'Z['), 'bad_level'],
  ])('is rejected with its reason: %s', (_, line, reason) => {
    const { events, rejections, ledger } = parsed(`${line}\n`)
    expect(events).toEqual([])
    expect(rejections).toMatchObject([{ reason, text: line }])
    expect(ledger).toMatchObject({ lines: 1, rejections: 1, continuations: 0 })
  })
})
