import { describe, expect, test } from '@jest/globals'
import { Role } from '../../src/event-view.js'
import { takesLinearTime } from '../support/linear.js'
import {
  blockOf,
  clientHalf,
  eventLine,
  expectedFields,
  infoLine,
  logSource,
  parsed,
  parsedBlocks,
  sumOf,
  targetHalf,
  timestamp,
  utf8,
} from '../support/lines.js'

const event = eventLine()
const STATS =
  'treqErrors=24, tresErrors=0, statusCodes={1=0, 2=546}, requests=589, responses=565, connections=undefined, cpu=[1, 2], stats=[object Object]'

describe('kinds of lines', () => {
  test('counts each line once', () => {
    const { ledger } = parsed(
      [event, `${timestamp()} info 2 text `, `${timestamp()} stats 1 ${STATS}`, '    at f (x.js:1:2)', 'x'].join('\n'),
    )
    expect(ledger).toEqual({ lines: 5, events: 1, plain: 1, stats: 1, continuations: 2, rejections: 0 })
  })

  test.each([
    ['of a worker', 'info 2 installed plugin from x', { level: 'info', pid: '2', text: 'installed plugin from x' }],
    [
      'of the master',
      'debug 28895 handleWorkerListening 1 ',
      { level: 'debug', pid: '28895', text: 'handleWorkerListening 1 ' },
    ],
    ['with brackets in its text', 'warn 2 a][b [c]', { level: 'warn', pid: '2', text: 'a][b [c]' }],
    ['without a number', 'error text', { level: 'error', pid: null, text: 'text' }],
    ['without text', 'info 2', { level: 'info', pid: '2', text: '' }],
    [
      'of a console',
      '[7] [microgateway-core logging] ready',
      { level: null, pid: '7', text: '[microgateway-core logging] ready' },
    ],
  ])('reads a plain line %s', (_, rest, expected) => {
    const { plains, ledger } = parsed(`${timestamp()} ${rest}\n`)
    expect(plains).toMatchObject([expected])
    expect(ledger.plain).toBe(1)
  })

  test('reads a stats line', () => {
    expect(parsed(`${timestamp()} stats 1 ${STATS}\n`).statistics).toMatchObject([{ pid: '1', text: STATS }])
  })

  test.each([
    ['another word for the level', 'hello 2 text'],
    ['a level that is too long', 'information 2 text'],
    ['stats without a worker', `stats x ${STATS}`],
    ['a bracket that is never closed', '[7 text'],
    ['nothing behind the time', ''],
  ])('rejects %s', (_, rest) => {
    expect(parsed(`${timestamp()} ${rest}`).rejections).toMatchObject([{ reason: 'bad_level' }])
  })

  test('reads the lines of a console before and between records', () => {
    const { ledger, rejections } = parsed(`${timestamp()} [7] [logging] x\nPROCESS PID : 7\n${event}\n`)
    expect(ledger).toMatchObject({ plain: 1, continuations: 1, events: 1 })
    expect(rejections).toEqual([])
  })
})

describe('line ends', () => {
  test('takes \\r\\n for a line end', () => {
    const { events, plains } = parsed(`${event}\r\n${timestamp()} info 2 text\r\n`)
    expect(events[0].fields).toEqual(expectedFields({}))
    expect(plains[0].text).toBe('text')
  })

  test('reads a last line without line end', () => {
    expect(parsed(`${event}\n${event}`).ledger).toMatchObject({ lines: 2, events: 2 })
  })

  test('finds no line in nothing', () => {
    expect(parsed('').ledger).toMatchObject({ lines: 0 })
  })

  test('tells offsets in the whole source', () => {
    const source = logSource()
    const text = `${event}\n`
    const blocks = [blockOf(text, { source, last: false }), blockOf(`\n${text}`, { source, offset: text.length })]
    expect(parsedBlocks(blocks).events.map(({ offset }) => offset)).toEqual([0, text.length + 1])
  })
})

describe('continuation lines', () => {
  test('takes stacks and blank lines for parts of the record before', () => {
    const { continuations, ledger } = parsed(`${event}\nError: x\n    at f (a.js:1:2)\n\n${event}\n\n`)
    expect(continuations).toEqual(['Error: x', '    at f (a.js:1:2)', '', ''])
    expect(ledger).toMatchObject({ lines: 6, events: 2, continuations: 4 })
  })

  test('rejects text before the first record, but not a blank line', () => {
    const { rejections, ledger } = parsed(`\nText\n${event}\n`)
    expect(rejections).toMatchObject([{ reason: 'no_record', text: 'Text' }])
    expect(ledger).toMatchObject({ lines: 3, continuations: 1, events: 1 })
  })

  test('are told apart source by source', () => {
    const [a, b] = [logSource({ path: 'a' }), logSource({ path: 'b' })]
    const blocks = [
      blockOf(`${event}\n`, { source: a, last: false }),
      blockOf('stack\n', { source: b, last: false }),
      blockOf('stack\n', { source: a, offset: event.length + 1 }),
    ]
    const { continuations, rejections } = parsedBlocks(blocks)
    expect(continuations).toEqual(['stack'])
    expect(rejections).toMatchObject([{ reason: 'no_record' }])
  })

  test('do not reach over the end of a source', () => {
    const blocks = [blockOf(`${event}\n`, { last: true }), blockOf('stack\n', { last: true })]
    expect(parsedBlocks(blocks).rejections).toMatchObject([{ reason: 'no_record' }])
  })
})

describe('a message with an embedded newline', () => {
  const withNewlines = eventLine({ message: '{\n  "a": 1\n}', component: 'my plugin' })

  test('is joined to one event', () => {
    const { events, ledger, continuations } = parsed(`${withNewlines}\n${event}\n`)
    expect(events[0].fields.message).toBe('{\n  "a": 1\n}')
    expect(events[0].offset).toBe(0)
    expect(ledger).toMatchObject({ lines: 4, events: 2, continuations: 2 })
    expect(continuations).toEqual([])
  })

  test('is joined where its lines end in brackets', () => {
    const message = 'a[1]\nb[2]\n[3]'
    expect(parsed(`${eventLine({ message })}\n`).events[0].fields.message).toBe(message)
  })

  test('is joined over the border of two blocks', () => {
    const text = utf8(`${withNewlines}\n`)
    for (let cut = text.indexOf(0x0a) + 1; cut > 0 && cut < text.length; cut = text.indexOf(0x0a, cut) + 1) {
      const blocks = [blockOf(text.subarray(0, cut), { last: false }), blockOf(text.subarray(cut), { offset: cut })]
      expect(parsedBlocks(blocks).events[0].fields).toEqual(parsed(text).events[0].fields)
    }
  })

  test('is rejected whole where the next record comes first', () => {
    const torn = withNewlines.slice(0, withNewlines.lastIndexOf('\n'))
    const { rejections, events, ledger } = parsed(`${torn}\n${event}\n`)
    expect(rejections).toMatchObject([{ reason: 'unterminated', text: torn }])
    expect(events).toHaveLength(1)
    expect(ledger).toMatchObject({ lines: 3, rejections: 1, continuations: 1, events: 1 })
  })

  test('stays bounded where brackets never end', () => {
    const { ledger } = parsed(`${event.slice(0, -1)}\n${']\n'.repeat(100_000)}`)
    expect(ledger.lines).toBe(100_001)
    expect(sumOf(ledger)).toBe(ledger.lines)
  })
})

describe('torn lines', () => {
  test('rejects the end of an event whose start is gone', () => {
    expect(parsed(event.slice(30)).rejections).toMatchObject([{ reason: 'bad_timestamp' }])
  })

  test('rejects it behind a record too, where a stack would be its continuation', () => {
    const { rejections, ledger } = parsed(`${event}\n${event.slice(30)}\n`)
    expect(rejections).toMatchObject([{ reason: 'bad_timestamp' }])
    expect(ledger.continuations).toBe(0)
  })

  test.each([
    ['a date that does not exist', event.replace('06-23', '02-30')],
    ['an hour that does not exist', event.replace('T03', 'T25')],
  ])('rejects %s', (_, line) => {
    expect(parsed(`${event}\n${line}\n`).rejections).toMatchObject([{ reason: 'bad_timestamp', text: line }])
  })

  test('rejects a record that another one follows on the same line', () => {
    const { events, rejections } = parsed(`${event.slice(0, 60)}${event}\n${event}\n`)
    expect(events.length + rejections.length).toBe(2)
    expect(events.at(-1)?.fields).toEqual(expectedFields({}))
  })

  test('is cut at every byte without a wrong field', () => {
    const whole = expectedFields({})
    for (let cut = 0; cut < event.length; cut++) {
      const { events, ledger } = parsed(`${event.slice(0, cut)}\n`)
      expect(sumOf(ledger)).toBe(ledger.lines)
      for (const { fields } of events) expect(fields).toEqual(whole)
    }
  })
})

describe('NUL bytes, as a crash leaves them', () => {
  const hole = '\0'.repeat(4096)

  test('are a rejection, and the record behind them on the same line is read', () => {
    const { events, rejections, ledger } = parsed(`${hole}${event}\n`)
    expect(events).toMatchObject([{ offset: 4096, fields: expectedFields({}) }])
    expect(rejections).toMatchObject([{ reason: 'control_bytes', offset: 0 }])
    expect(ledger.lines).toBe(2)
  })

  test('end a torn record, and the one behind them is read', () => {
    const torn = event.slice(0, 60)
    const { events, rejections, ledger } = parsed(`${event}\n${torn}${hole}${event}\n`)
    expect(events).toMatchObject([{ offset: 0 }, { offset: event.length + 1 + 60 + 4096 }])
    expect(rejections).toMatchObject([{ reason: 'unterminated' }, { reason: 'control_bytes' }])
    expect(sumOf(ledger)).toBe(ledger.lines)
  })

  test('end a message that would have gone on in the next line', () => {
    const { rejections } = parsed(`${event.slice(0, 60)}\n${hole}\ntext\n${event}\n`)
    expect(rejections.map(({ reason }) => reason)).toEqual(['unterminated', 'control_bytes', 'no_record'])
  })

  test('are told from a NUL in a text', () => {
    const { events } = parsed(`${eventLine({ message: 'a\0b' })}\n`)
    expect(events).toMatchObject([{ fields: { message: 'a\0b' } }])
  })

  test('leave the record behind them to who looks at halves only', () => {
    expect(parsed(`${hole}${event}\n`, { halvesOnly: true }).events).toHaveLength(1)
  })

  test('are rejected where nothing follows', () => {
    expect(parsed(`${event}\n${'\0'.repeat(100)}\n`).rejections).toMatchObject([{ reason: 'control_bytes' }])
  })

  test('are skipped in the log of a container, too', () => {
    const cri = `${timestamp()} stdout F ${event}`
    expect(parsed(`${cri.slice(0, 100)}${hole}${cri}\n`).events).toMatchObject([{ offset: 4196 }])
  })
})

test('a byte order mark in the middle of a file that was put together is skipped', () => {
  expect(parsed(`${event}\n\ufeff${event}\n`).events).toMatchObject([{ offset: 0 }, { offset: event.length + 4 }])
})

describe('over-long lines', () => {
  const maxLineBytes = 400

  test('takes a line of the limit and rejects a longer one', () => {
    const fit = eventLine({ clientId: 'k'.repeat(maxLineBytes - eventLine({ clientId: '' }).length) })
    expect(parsed(`${fit}\n`, { maxLineBytes }).ledger).toMatchObject({ events: 1 })
    const longer = fit.replace('kk', 'kkk')
    expect(parsed(`${longer}\n`, { maxLineBytes }).rejections).toMatchObject([{ reason: 'too_long' }])
  })

  test('rejects a line of more than 1 MiB by default, cut to what shows what it is', () => {
    const { rejections } = parsed(`${eventLine({ clientId: 'k'.repeat(1 << 20) })}\n${event}\n`)
    expect(rejections).toMatchObject([{ reason: 'too_long' }])
    expect(rejections[0].text.length).toBeLessThanOrEqual(4096)
    expect(rejections[0].text.startsWith(timestamp())).toBe(true)
  })

  test('goes on behind one', () => {
    const { events, ledger } = parsed(`${'x'.repeat(500)}\n${event}\n`, { maxLineBytes })
    expect(events).toHaveLength(1)
    expect(sumOf(ledger)).toBe(2)
  })

  test('rejects a record whose continued message grows past the limit', () => {
    const text = `${event.slice(0, -1)}\n${'some text\n'.repeat(200)}${event}\n`
    const { ledger, events } = parsed(text, { maxLineBytes })
    expect(events).toHaveLength(1)
    expect(sumOf(ledger)).toBe(ledger.lines)
  })

  test('rejects a container line whose parts grow past the limit', () => {
    const part = `${timestamp()} stdout P ${'y'.repeat(100)}\n`
    const { rejections, ledger } = parsed(`${part.repeat(10)}${timestamp()} stdout F z\n`, { maxLineBytes })
    expect(rejections).toMatchObject([{ reason: 'too_long' }])
    expect(ledger).toMatchObject({ lines: 11, rejections: 1, continuations: 10 })
  })
})

describe("lines in a container's envelope", () => {
  const docker = (log: string, stream = 'stdout'): string => JSON.stringify({ log, stream, time: timestamp() })
  const cri = (tag: 'P' | 'F', text: string, stream = 'stdout'): string => `${timestamp()} ${stream} ${tag} ${text}`

  test('are unwrapped from a json-file', () => {
    const { events, plains, continuations } = parsed(
      [docker(`${event}\n`), docker('    at f ()\n'), docker(`${timestamp()} info 2 x\n`)].join('\n'),
    )
    expect(events[0].fields).toEqual(expectedFields({}))
    expect(continuations).toEqual(['    at f ()'])
    expect(plains).toMatchObject([{ text: 'x' }])
  })

  test('are unwrapped from CRI', () => {
    const { events, continuations } = parsed([cri('F', event), cri('F', ''), cri('F', '    at f ()')].join('\n'))
    expect(events[0].fields).toEqual(expectedFields({}))
    expect(continuations).toEqual(['', '    at f ()'])
  })

  test('are joined from their parts, at the place of the first', () => {
    const lines = [cri('P', event.slice(0, 50)), cri('P', event.slice(50, 100)), cri('F', event.slice(100))]
    const { events, ledger } = parsed(`${event}\n${lines.join('\n')}\n`)
    expect(events[1]).toMatchObject({ offset: event.length + 1, fields: expectedFields({}) })
    expect(ledger).toMatchObject({ lines: 4, events: 2, continuations: 2 })
  })

  test('are joined from the parts of a json-file', () => {
    const { events } = parsed(`${docker(event.slice(0, 50))}\n${docker(`${event.slice(50)}\n`)}\n`)
    expect(events[0].fields).toEqual(expectedFields({}))
  })

  test('are joined stream by stream where two are interleaved', () => {
    const other = eventLine({ clientId: 'other' })
    const lines = [
      cri('P', event.slice(0, 50)),
      cri('P', other.slice(0, 70), 'stderr'),
      cri('F', event.slice(50)),
      cri('F', other.slice(70), 'stderr'),
    ]
    const { events } = parsed(lines.join('\n'))
    expect(events.map(({ fields }) => fields.clientId)).toEqual(['k-3f9a7c55e1', 'other'])
  })

  test('are joined over the rotation of a container log, and told in the file where they end', () => {
    const [old, live] = ['0.log.20260101-101500', '0.log'].map((path) => logSource({ path, goesOn: true }))
    const message = eventLine({ message: 'a\nb' }).split('\n')
    const { events, rejections, ledger } = parsedBlocks([
      blockOf(`${cri('F', event)}\n${cri('P', event.slice(0, 50))}\n`, { source: old }),
      blockOf(`${cri('F', event.slice(50))}\n${cri('F', message[0])}\n`, { source: live, last: false }),
      blockOf('', { source: old, offset: 500 }),
      blockOf(`${cri('F', message[1])}\n`, { source: live, offset: 300 }),
    ])
    expect(events.map(({ offset, fields }) => [offset, fields])).toEqual([
      [0, expectedFields({})],
      [0, expectedFields({})],
      [300, expectedFields({ message: 'a\nb' })],
    ])
    expect(rejections).toEqual([])
    expect(sumOf(ledger)).toBe(ledger.lines)
  })

  test('are unfinished where the log ends for good', () => {
    const source = logSource({ goesOn: true })
    const { rejections, ledger } = parsedBlocks([blockOf(`${cri('P', event)}\n`, { source })])
    expect(rejections).toMatchObject([{ reason: 'unterminated' }])
    expect(sumOf(ledger)).toBe(ledger.lines)
  })

  test('tolerate \\r\\n inside the envelope', () => {
    const whole = parsed(`${docker(`${event}\r\n`)}\n`)
    expect(whole.events.map(({ fields }) => fields)).toEqual([expectedFields({})])
  })

  test('tolerate \\r\\n at the end of a line in parts', () => {
    const inParts = parsed(`${docker(event.slice(0, 50))}\n${docker(`${event.slice(50)}\r\n`)}\n`)
    expect(inParts.events.map(({ fields }) => fields)).toEqual([expectedFields({})])
  })

  test('are rejected where the rest never comes', () => {
    const { rejections, ledger } = parsed(`${cri('P', event.slice(0, 50))}\n${cri('P', event.slice(50))}\n`)
    expect(rejections).toMatchObject([{ reason: 'unterminated', text: event }])
    expect(ledger).toMatchObject({ lines: 2, rejections: 1, continuations: 1 })
  })

  test('are rejected where the envelope is torn before any record', () => {
    expect(parsed(`${docker(`${event}\n`).slice(0, -10)}\n`).rejections).toMatchObject([{ reason: 'bad_envelope' }])
  })
})

describe('halves only', () => {
  test('finds warn and error events and counts all lines', () => {
    const text = [infoLine(), targetHalf({ level: 'warn' }), clientHalf(), `${timestamp()} info 2 text`, ''].join('\n')
    const { events, plains, ledger } = parsed(text, { halvesOnly: true })
    expect(events.map(({ role }) => role)).toEqual([Role.targetRequestError, Role.client])
    expect(plains).toEqual([])
    expect(ledger.lines).toBe(4)
  })

  test('finds them in envelopes too', () => {
    const lines = [
      `2021-06-23T03:52:24.110123456Z stdout F ${clientHalf()}`,
      JSON.stringify({ log: `${targetHalf()}\n` }),
    ]
    expect(parsed(lines.join('\n'), { halvesOnly: true }).events).toHaveLength(2)
  })

  test('finds them in CRI lines whose nanoseconds end in six noughts, which containerd leaves out', () => {
    const line = `2021-06-23T03:52:24.110Z stdout F ${clientHalf()}`
    expect(parsed(line, { halvesOnly: true }).events).toHaveLength(1)
  })
})

describe('linear time', () => {
  type Fill = (piece: string) => string
  const filling =
    (length: number): Fill =>
    (piece) =>
      piece.repeat(Math.floor(length / piece.length))
  const uuid = '34761898-147d-4fad-810c-6170a08b4d85'

  test.each([
    ['separators in the key', (fill: Fill) => eventLine({ clientId: fill('][') })],
    ['separators in the url', (fill: Fill) => eventLine({ url: fill('][') })],
    ['separators in the Host', (fill: Fill) => eventLine({ host: fill('][') })],
    ['workers in the Host', (fill: Fill) => eventLine({ host: fill('][9][o][e') })],
    [
      "the gateway's own workers in the Host",
      (fill: Fill) => eventLine({ host: fill('][3][acme-eval][test][u][1.1.1.1') }),
    ],
    ['workers in the key', (fill: Fill) => eventLine({ clientId: fill('][3][acme-eval][test][u][') })],
    ['correlation ids in the key', (fill: Fill) => eventLine({ clientId: fill(`][${uuid}`) })],
    [
      'correlation ids and components',
      (fill: Fill) => eventLine({ clientId: fill(`][${uuid}][microgateway-core`), status: 'x' }),
    ],
    [
      'methods and statuses',
      (fill: Fill) => eventLine({ clientId: fill('][GET][502'), timeTakenMs: '1', correlationId: 'x y' }),
    ],
    [
      '404 in a path',
      (fill: Fill) =>
        eventLine({ errorMessage: `no match found for ${fill('][][microgateway-core][][GET][404][no match found')}` }),
    ],
    ['addresses in the url', (fill: Fill) => eventLine({ url: fill('][10.0.0.1') })],
    ['blanks between brackets', (fill: Fill) => `${eventLine().slice(0, 60)}${fill('] ')}`],
    ['blanks behind a bracket', (fill: Fill) => `${eventLine().slice(0, 60)}]${fill(' ')}]`],
    ['opening brackets', (fill: Fill) => `${timestamp()} ${fill('[')}`],
    ['closing brackets', (fill: Fill) => eventLine({ message: fill(']') })],
    ['blanks at the end', (fill: Fill) => `${eventLine()}${fill(' ')}`],
    ['digits of the time taken', (fill: Fill) => eventLine({ timeTakenMs: fill('9') })],
    ['a plain text of brackets', (fill: Fill) => `${timestamp()} info 2 ${fill('[]')}`],
    ['open braces', (fill: Fill) => fill('{')],
    ['NUL bytes', (fill: Fill) => fill('\0')],
    ['NUL bytes and digits', (fill: Fill) => `a${fill('\x001')}`],
    ['byte order marks', (fill: Fill) => fill('\ufeff')],
  ])('holds for a long line of %s', (_, lineOf) => {
    const linear = takesLinearTime((length) => {
      const text = `${infoLine()}\n${lineOf(filling(length))}\n${infoLine()}\n`
      return () => {
        const { ledger } = parsed(text)
        expect(ledger.lines).toBe(3)
        expect(sumOf(ledger)).toBe(3)
      }
    })
    expect(linear).toBe(true)
  })

  test.each([
    ['unclosed console lines', `${timestamp()} [7 text\n`],
    ['torn events', `${event.slice(0, -1)}\n`],
    ['torn events that end in a bracket', `${event.slice(0, 90)}]\n`],
    ['brackets alone', ']\n'],
    ['blank lines', '\n'],
    ['NUL bytes', `${'\0'.repeat(50)}\n`],
    ['open parts', `${timestamp()} stdout P x\n`],
    ['torn json', '{"log":"x\n'],
  ])('holds for a block of %s', (_, line) => {
    const linear = takesLinearTime((length) => {
      const text = `${infoLine()}\n${filling(length)(line)}`
      return () => {
        const { ledger } = parsed(text)
        expect(sumOf(ledger)).toBe(ledger.lines)
      }
    })
    expect(linear).toBe(true)
  })
})

describe('views', () => {
  test('keep what is learned of one gateway apart from another', () => {
    const hostile = eventLine({ host: 'x][7][evil][prod][v1/fake][127.0.0.22][k' })
    const blocks = [
      blockOf(`${infoLine()}\n`, { source: logSource({ path: 'a', partition: 'a' }) }),
      blockOf(`${hostile}\n`, { source: logSource({ path: 'b', partition: 'b' }) }),
      blockOf(`${hostile}\n`, { source: logSource({ path: 'a2', partition: 'a' }) }),
    ]
    const { events, rejections } = parsedBlocks(blocks)
    expect(rejections).toHaveLength(1)
    expect(events.at(-1)?.fields.host).toBe('x][7][evil][prod][v1/fake][127.0.0.22][k')
  })
})
