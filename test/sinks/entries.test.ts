import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readCounters } from '../../src/count/stats.js'
import { LineParser } from '../../src/parse/line-parser.js'
import type { LineBlock } from '../../src/records.js'
import { REDACT_ALL, type RedactionSettings, Redactor, SHOW_ALL } from '../../src/redact/redactor.js'
import { EntryWriter } from '../../src/sinks/entries.js'
import { recordsOf, styles } from '../property/written-lines.js'
import { blockOf, type EventSketch, eventLine, infoLine, logSource, parsed, timestamp } from '../support/lines.js'

const writerOf = (settings: RedactionSettings): EntryWriter =>
  new EntryWriter({ redaction: new Redactor(settings, Buffer.from('secret')), readCounters })

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

/** NDJSON of all entries in the blocks. */
function written(blocks: readonly LineBlock[], settings: RedactionSettings = SHOW_ALL): string {
  const writer = writerOf(settings)
  const parser = new LineParser(writer)
  for (const block of blocks) parser.parse(block)
  writer.close()
  return textOf(writer.take())
}

const entriesOf = (content: string | Uint8Array, settings?: RedactionSettings) =>
  written([blockOf(content)], settings)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

describe('entries', () => {
  test('have the names and forms of the contract', () => {
    const line = eventLine({ url: 'emg_badtarget/flakey/hangup', clientIp: '', clientId: '' })
    expect(entriesOf(line)).toEqual([
      {
        kind: 'event',
        timestamp: timestamp(),
        level: 'error',
        host: 'api.acme.example:8000',
        pid: '3',
        org: 'acme-eval',
        env: 'test',
        url: 'emg_badtarget/flakey/hangup',
        clientIp: null,
        clientId: null,
        correlationId: '6b089a00-d3d6-11eb-95aa-911f1ee6c684',
        component: 'microgateway-core',
        message: null,
        method: 'GET',
        status: 502,
        errorMessage: 'socket hang up',
        errorCode: 'ECONNRESET',
        timeTakenMs: null,
        continuation: null,
        position: { source: 'edgemicro-gw-1-api.log', offset: 0 },
      },
    ])
  })

  test('name plain, stats and rejected lines', () => {
    const text = `${timestamp()} info 2 hello\n${timestamp()} stats 1 requests=5, responses=4\n${timestamp()} what\n`
    expect(entriesOf(text)).toEqual([
      expect.objectContaining({ kind: 'plain', level: 'info', pid: '2', text: 'hello', continuation: null }),
      expect.objectContaining({ kind: 'stats', pid: '1', counters: { requests: 5, responses: 4 } }),
      {
        kind: 'rejected',
        reason: 'bad_level',
        text: `${timestamp()} what`,
        position: { source: 'edgemicro-gw-1-api.log', offset: text.lastIndexOf(timestamp()) },
      },
    ])
  })

  test('carry the lines that continue them', () => {
    const entries = entriesOf(`${eventLine()}\n\nError: x\n    at f ()\n\n${eventLine()}\n\n`)
    expect(entries.map(({ continuation }) => continuation)).toEqual(['Error: x\n    at f ()\n', null])
  })

  test('cut a continuation that never ends, and count its lines all the same', () => {
    const [entry] = entriesOf(`${eventLine()}\n${'stack stack\n'.repeat(20_000)}`)
    expect(entry.continuation.length).toBeLessThan(70_000)
  })

  test('name what is uncertain', () => {
    const entries = entriesOf(`${infoLine()}\n${eventLine({ url: 'v1/x][10.9.9.9][k' })}\n`)
    expect(entries[0]).not.toHaveProperty('uncertain')
    expect(entries[1].uncertain).toEqual(['url', 'clientIp', 'clientId'])
  })

  test('escape a source whose name needs it', () => {
    const source = logSource({ path: 'a"\\\n/é.log' })
    expect(JSON.parse(written([blockOf(eventLine(), { source })])).position.source).toBe(source.path)
  })

  test.each([0, 9, 10, 99_999, 2 ** 31 - 1, 2 ** 31, 2 ** 40 + 7])('tell an offset of %p', (offset) => {
    expect(JSON.parse(written([blockOf(eventLine(), { offset })])).position.offset).toBe(offset)
  })
})

describe('an event in JSON', () => {
  test.each<[string, EventSketch]>([
    ['a quote', { clientId: 'a"b' }],
    ['a backslash', { clientId: 'a\\b' }],
    ['a control byte', { clientId: 'a\u0001b' }],
    ['DEL', { clientId: 'a\u007fb' }],
    ['a letter above 0x7f', { clientId: 'é' }],
    ['a line end of other alphabets', { host: '\u2028' }],
    ['a leading nought', { status: '0502', timeTakenMs: '007' }],
    ['nought', { timeTakenMs: '0' }],
    ['many noughts', { timeTakenMs: '000' }],
    ['a negative time', { timeTakenMs: '-3' }],
    ['a negative time with a leading nought', { timeTakenMs: '-03' }],
    ['fields of each length', { host: 'a', org: 'ab', env: 'abc', url: 'abcd', clientId: 'abcde' }],
    [
      'all fields empty',
      { host: '', org: '', env: '', url: '', clientIp: '', clientId: '', correlationId: '', method: '' },
    ],
    ['a long url', { url: `v1/${'x'.repeat(14_000)}` }],
  ])('is as written: %s', (_, sketch) => {
    const text = `${eventLine(sketch)}\n${infoLine()}\n`
    const [event] = parsed(text).events
    const [entry] = entriesOf(text)
    const { status, timeTakenMs, ...texts } = event.fields
    expect(entry).toMatchObject(texts)
    expect(entry.status).toBe(status === null ? null : Number(status))
    expect(entry.timeTakenMs).toBe(timeTakenMs === null ? null : Number(timeTakenMs))
  })

  test('is valid where the input is no valid UTF-8', () => {
    const bytes = Buffer.from(`${eventLine({ clientId: 'a?b' })}\n${infoLine()}\n`)
    bytes[bytes.indexOf('a?b') + 1] = 0xc3
    expect(entriesOf(bytes)[0].clientId).toBe('a\ufffdb')
  })

  test.each<[string, RedactionSettings]>([
    ['shown', SHOW_ALL],
    ['redacted', REDACT_ALL],
    ['masked', { ...REDACT_ALL, query: 'mask' }],
    ['without keys', { ...REDACT_ALL, clientId: 'drop' }],
  ])('is the same wherever its block ends: %s', (_, settings) => {
    const cases = styles.chain((style) => fc.array(recordsOf(style), { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(cases, (sketches) => {
        const lines = sketches.map((sketch) => `${eventLine(sketch)}\n`)
        const source = logSource()
        let offset = 0
        const blocks = lines.map((line) => {
          const block = blockOf(line.slice(0, -1), { source, offset, last: false })
          offset += block.bytes.length + 1
          return block
        })
        expect(written(blocks, settings)).toBe(written([blockOf(lines.join(''), { source })], settings))
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['a query alone', '?a=b'],
    ['a query', 'v1?a=b'],
    ['a fragment', 'v1#x'],
    ['a fragment with a token', '#token=x'],
  ])('has the same url wherever its block ends: %s', (_, url) => {
    const inside = entriesOf(`${eventLine({ url })}\n${infoLine()}\n`, REDACT_ALL)[0]
    expect(entriesOf(eventLine({ url }), REDACT_ALL)[0]).toEqual(inside)
  })
})

describe('redaction', () => {
  const line = eventLine({ clientId: 'sEcReT012345', url: 'v1/x?k=sEcReT012345' })

  test('hashes the key and drops the query', () => {
    const [entry] = entriesOf(`${line}\n${infoLine()}\n`, REDACT_ALL)
    expect(entry).toMatchObject({ url: 'v1/x', clientId: expect.stringMatching(/^key:[0-9a-f]{16}$/) })
  })

  test('masks values of the query where that is set', () => {
    const [entry] = entriesOf(`${line}\n${infoLine()}\n`, { ...REDACT_ALL, query: 'mask' })
    expect(entry.url).toBe('v1/x?k=***')
  })

  test('shows all where that is switched on', () => {
    expect(entriesOf(`${line}\n${infoLine()}\n`)[0]).toMatchObject({
      clientId: 'sEcReT012345',
      url: 'v1/x?k=sEcReT012345',
    })
  })
})

describe('taking', () => {
  test('gives closed entries, and an open one once it is closed', () => {
    const writer = writerOf(SHOW_ALL)
    const parser = new LineParser(writer)
    const source = logSource()
    const text = `${eventLine()}\n${eventLine()}\n`
    parser.parse(blockOf(text, { source, last: false }))
    const first = textOf(writer.take())
    expect(first.split('\n')).toHaveLength(2)
    parser.parse(blockOf('stack\n', { source, offset: text.length }))
    expect(textOf(writer.take())).toBe('')
    writer.close()
    expect(JSON.parse(textOf(writer.take())).continuation).toBe('stack')
    expect(writer.take()).toHaveLength(0)
  })

  test('gives all entries, in order, however much and however often', () => {
    const writer = writerOf(SHOW_ALL)
    const parser = new LineParser(writer)
    const source = logSource()
    const text = `${eventLine()}\n`.repeat(5_000)
    let output = ''
    for (let round = 0; round < 3; round++) {
      parser.parse(blockOf(text, { source, offset: round * text.length, last: false }))
      if (round !== 1) output += textOf(writer.take())
    }
    writer.close()
    output += textOf(writer.take())
    const offsets = output
      .split('\n')
      .slice(0, -1)
      .map((json) => JSON.parse(json).position.offset)
    expect(offsets).toEqual(Array.from({ length: 15_000 }, (_, i) => i * (eventLine().length + 1)))
  })
})
