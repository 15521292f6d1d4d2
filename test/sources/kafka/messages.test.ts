import { describe, expect, test } from '@jest/globals'
import { LineParser } from '../../../src/parse/line-parser.js'
import { MessageBlocks } from '../../../src/sources/kafka/messages.js'
import { FoundLines, infoLine } from '../../support/lines.js'
import { batchOf, linesOf, type MessageSketch } from './messages-of.js'

const UID = '027cea80-e6eb-11f1-92ab-a95a4d190f64'
const FILE = `/var/tmp/edgemicro-gw-1-${UID}-1-api.log`

const blocks = (): MessageBlocks => new MessageBlocks({ topic: 'raw' })
const lines = (...sketches: readonly MessageSketch[]): ReturnType<typeof linesOf> =>
  linesOf(blocks().toBlocks(batchOf(sketches)))
const own = (value: string, headers: Readonly<Record<string, string>>): MessageSketch => ({ value, headers })

describe('a message', () => {
  test.each([
    ['without a line end', 'a', ['a']],
    ['with a line end', 'a\n', ['a']],
    ['with a carriage return', 'a\r\n', ['a\r']],
    ['of several lines', 'a\nb\nc', ['a', 'b', 'c']],
    ['of blank lines', '\n\n', ['', '']],
    ['of any bytes', 'a\0\x80b', ['a\0\x80b']],
  ])('%s gives its lines, each with an end', (_, value, expected) => {
    const found = lines({ value: Buffer.from(value, 'latin1'), offset: 5 })
    expect(found).toEqual({ 'raw/0 raw/0 null': expected.map((text) => ({ text, offset: 5 })) })
  })

  test('without a value, or with an empty one, is counted and gives no line', () => {
    const reader = blocks()
    expect(reader.toBlocks(batchOf([{ value: null }, { value: '' }, { value: 'a' }]))).toHaveLength(1)
    expect(reader.counts).toEqual({ messages: 3, empty: 2, unwrapped: 0, overflowed: 0 })
    expect(reader.toBlocks(batchOf([{ value: null }]))).toEqual([])
  })

  test('of our own sink says where its lines stood', () => {
    const headers = { 'hangup-path': FILE, 'hangup-host': 'gw-1', 'hangup-offset': '100' }
    expect(lines(own('a\nbc\n', headers), own('d', { ...headers, 'hangup-offset': '105' }))).toEqual({
      [`raw/0/gw-1/${UID} ${FILE} gw-1`]: [
        { text: 'a', offset: 100 },
        { text: 'bc', offset: 102 },
        { text: 'd', offset: 105 },
      ],
    })
  })

  test('of our own sink is a line as it stands, also where it looks like the JSON of a shipper', () => {
    const value = '{"message":"evil","host":"other","file":"/x"}'
    const found = lines(own(value, { 'hangup-path': FILE, 'hangup-host': 'gw-1', 'hangup-offset': '0' }))
    expect(found).toEqual({ [`raw/0/gw-1/${UID} ${FILE} gw-1`]: [{ text: value, offset: 0 }] })
  })

  test('may name file and host in headers of any producer, also around JSON', () => {
    const source = 'raw/0/gw-7:/logs/x.log /logs/x.log gw-7'
    expect(lines({ value: 'a', headers: { file: '/logs/x.log', host: 'gw-7' } })).toEqual({
      [source]: [{ text: 'a', offset: 0 }],
    })
    const entry = { message: 'a', file: '/logs/y.log', host: 'gw-8', offset: 3 }
    expect(lines({ value: entry, headers: { path: '/logs/x.log', host: 'gw-7' } })).toEqual({
      [source]: [{ text: 'a', offset: 0 }],
    })
  })

  test('that is JSON of no shipper goes on as a line', () => {
    expect(lines({ value: '{"a":1}' }, { value: '{"a":' })).toEqual({
      'raw/0 raw/0 null': [
        { text: '{"a":1}', offset: 0 },
        { text: '{"a":', offset: 1 },
      ],
    })
  })

  test('whose envelope holds an empty text gives a blank line', () => {
    expect(lines({ value: { message: '', file: '/x' } })).toEqual({ 'raw/0//x /x null': [{ text: '', offset: 0 }] })
  })

  test('whose header of a place holds no place has the offset of the message', () => {
    for (const offset of ['', '-1', '1e3', '99999999999999999999', ' 1']) {
      const headers = { 'hangup-path': '/x', 'hangup-offset': offset }
      expect(lines({ ...own('a\nb', headers), offset: 9 })).toEqual({
        'raw/0//x /x null': [
          { text: 'a', offset: 9 },
          { text: 'b', offset: 9 },
        ],
      })
    }
  })
})

describe('a source', () => {
  test('has the gateway of its header or field, else that of its file', () => {
    expect(Object.keys(lines({ value: 'a', headers: { path: FILE } }))).toEqual([`raw/0/gw-1/${UID} ${FILE} gw-1`])
    expect(Object.keys(lines({ value: 'a', headers: { path: FILE, host: 'node-1' } }))).toEqual([
      `raw/0/node-1:gw-1/${UID} ${FILE} node-1`,
    ])
    expect(Object.keys(lines({ value: 'a', headers: { host: 'node-1' } }))).toEqual(['raw/0/node-1: raw/0 node-1'])
  })

  test('that is the log of a container has its name, not that of the node', () => {
    const path = '/var/log/pods/edge_emg-7d_027cea80-e6eb-11f1-92ab-a95a4d190f64/edgemicro/0.log'
    const [source] = Object.keys(lines({ value: { message: 'a', file: path, host: 'node-1' } }))
    expect(source).toMatch(/ edge\/emg-7d\/edgemicro$/)
  })

  test('of one path on two hosts is two', () => {
    const found = lines(
      { value: { message: 'a', file: '/x', host: 'h1' } },
      { value: { message: 'b', file: '/x', host: 'h2' } },
    )
    expect(Object.keys(found)).toEqual(['raw/0/h1:/x /x h1', 'raw/0/h2:/x /x h2'])
  })

  test('shares its partition with the files that it continues', () => {
    const next = FILE.replace('-1-api', '-2-api')
    const found = blocks().toBlocks(batchOf([own('a', { 'hangup-path': FILE }), own('b', { 'hangup-path': next })]))
    expect(found.map(({ source }) => source.partition)).toEqual([`raw/0/gw-1/${UID}`, `raw/0/gw-1/${UID}`])
    expect(found.map(({ source }) => source.path)).toEqual([FILE, next])
  })

  test('stays the same object from batch to batch', () => {
    const reader = blocks()
    const batch = batchOf([own('a', { 'hangup-path': FILE })])
    expect(reader.toBlocks(batch)[0].source).toBe(reader.toBlocks(batch)[0].source)
  })

  test('is one however its name came', () => {
    const reader = blocks()
    const found = reader.toBlocks(
      batchOf([
        own('a', { 'hangup-path': FILE, 'hangup-host': 'gw-1' }),
        { value: { log: { offset: 2, file: { path: FILE } }, message: 'b', host: { name: 'gw-1' } } },
        own('c', { 'hangup-path': FILE, 'hangup-host': 'gw-1' }),
      ]),
    )
    expect(found).toHaveLength(1)
    expect(Buffer.from(found[0].bytes).toString()).toBe('a\nb\nc\n')
  })

  test("tells the begin of a gateway process where the file's first byte is there, in a block that begins with it", () => {
    const at = (offset: string): MessageSketch => own('a', { 'hangup-path': FILE, 'hangup-offset': offset })
    const found = blocks().toBlocks(batchOf([at('4'), at('0'), at('2')]))
    expect(found.map(({ offset, source }) => [offset, source.isFirst])).toEqual([
      [4, true],
      [0, true],
    ])
    const [unplaced] = blocks().toBlocks(batchOf([own('a', { 'hangup-path': FILE })]))
    expect(unplaced.offset).toBe(0)
    expect(unplaced.source.isFirst).toBeUndefined()
  })

  test('is whole where its lines have come by our own sink with their places, in blocks of their own', () => {
    const placed = { 'hangup-path': FILE, 'hangup-host': 'gw-1', 'hangup-offset': '100' }
    const { 'hangup-offset': _, ...unplaced } = placed
    const shipped = { message: 'c', log: { file: { path: FILE }, offset: 104 }, host: { name: 'gw-1' } }
    const found = blocks().toBlocks(
      batchOf([own('a', placed), own('b', placed), { value: shipped }, own('d', unplaced), own('e', placed)]),
    )
    expect(found.map(({ bytes, source }) => [Buffer.from(bytes).toString(), source.isWhole])).toEqual([
      ['a\nb\n', true],
      ['c\nd\n', undefined],
      ['e\n', true],
    ])
  })

  test('keeps the order of its lines among those of others', () => {
    const found = blocks().toBlocks(
      batchOf(['a', 'b', 'a', 'c', 'a'].map((path, index) => ({ value: `${index}`, headers: { path } }))),
    )
    expect(found.map(({ source, firstOffset }) => [source.path, firstOffset])).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 3],
    ])
    expect(Buffer.from(found[0].bytes).toString()).toBe('0\n2\n4\n')
  })

  test('with a hostile name has one that can be shown and kept, and another hostile one has another', () => {
    const names = [
      '/x\u001b[31m',
      '/x\u001b[32m',
      '/x\n',
      `/${'y'.repeat(10_000)}`,
      `/${'y'.repeat(10_001)}`,
      '/\u202e',
    ]
    const found = blocks().toBlocks(batchOf(names.map((path) => ({ value: 'a', headers: { path, host: path } }))))
    expect(new Set(found.map(({ source }) => source.path)).size).toBe(names.length)
    for (const { source } of found) {
      expect(`${source.path}${source.partition}${source.gateway}`).toMatch(/^\P{C}{1,700}$/u)
      expect(source.path).toMatch(/~[0-9a-f]{16}$/)
    }
    const shipped = blocks().toBlocks(batchOf([{ value: '{"message":"\\ud800","file":"/\\ud800"}' }]))
    expect(shipped[0].source.path).toMatch(/^\/\?~[0-9a-f]{16}$/)
    expect(Buffer.from(shipped[0].bytes).toString()).toBe('\ufffd\n')
  })

  test('beyond the bound gives its lines to the source without a name', () => {
    const reader = new MessageBlocks({ topic: 'raw', maxSources: 2 })
    const sketches = ['a', 'b', 'c', 'd', 'c', 'a'].map((path, index) => ({
      value: `${index}`,
      headers: { 'hangup-path': path, 'hangup-offset': '7' },
    }))
    expect(linesOf(reader.toBlocks(batchOf(sketches)))).toEqual({
      'raw/0/a a null': [
        { text: '0', offset: 7 },
        { text: '5', offset: 7 },
      ],
      'raw/0/b b null': [{ text: '1', offset: 7 }],
      'raw/0 raw/0 null': [
        { text: '2', offset: 2 },
        { text: '3', offset: 3 },
        { text: '4', offset: 4 },
      ],
    })
    expect(reader.counts.overflowed).toBe(3)
  })

  test('without messages for more than an hour makes room for another one', () => {
    const reader = new MessageBlocks({ topic: 'raw', maxSources: 2 })
    const at = (path: string, timestampMs: number): MessageSketch => ({ value: path, headers: { path }, timestampMs })
    const hourMs = 3_600_000
    const found = reader.toBlocks(batchOf([at('a', 0), at('b', hourMs), at('c', hourMs + 1), at('a', hourMs + 2)]))
    expect(found.map(({ source }) => source.path)).toEqual(['a', 'b', 'c', 'raw/0'])
  })

  test('is another one in another partition of the topic, and forgotten with it', () => {
    const reader = blocks()
    const [first] = reader.toBlocks(batchOf([{ value: 'a', headers: { path: '/x' } }], 0))
    const [second] = reader.toBlocks(batchOf([{ value: 'a', headers: { path: '/x' } }], 1))
    expect(first.source.partition).toBe('raw/0//x')
    expect(second.source.partition).toBe('raw/1//x')
    reader.forget(0)
    const [again] = reader.toBlocks(batchOf([{ value: 'a', headers: { path: '/x' } }], 0))
    expect(again.source).toEqual(first.source)
    expect(again.source).not.toBe(first.source)
  })
})

test('a batch of millions of names takes no more memory than its bound', () => {
  const reader = new MessageBlocks({ topic: 'raw', maxSources: 100 })
  for (let round = 0; round < 20; round++) {
    const sketches = Array.from({ length: 1_000 }, (_, i) => ({ value: 'a', headers: { path: `/x/${round}/${i}` } }))
    expect(reader.toBlocks(batchOf(sketches)).length).toBeLessThanOrEqual(101)
  }
  expect(reader.counts.overflowed).toBe(19_900)
})

test('the parser gives each line the offset that its block tells', () => {
  const found = new FoundLines()
  const parser = new LineParser(found)
  const headers = { 'hangup-path': FILE }
  const batch = batchOf([
    { value: `${infoLine()}\n${infoLine()}`, offset: 40 },
    { value: `\0\0${infoLine()}`, offset: 41 },
    { value: infoLine(), headers: { ...headers, 'hangup-offset': '1000' }, offset: 42 },
    { value: { log: `${infoLine()}\n`, stream: 'stdout', time: 'x' }, offset: 43 },
  ])
  for (const block of blocks().toBlocks(batch)) parser.parse(block)
  expect(found.events.map(({ offset }) => offset)).toEqual([40, 40, 41, 43, 1_000])
  // The hole of NUL bytes is a rejection of its own.
  expect(parser.ledger).toMatchObject({ lines: 6, events: 5, rejections: 1 })
})
