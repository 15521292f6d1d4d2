import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { HeaderValue } from '../../../src/sources/kafka/message.js'
import { MessageBlocks } from '../../../src/sources/kafka/messages.js'
import { batchOf, linesOf, type MessageSketch, type SketchedLine } from './messages-of.js'

const paths = fc.constantFrom('/a.log', '/b.log', '/var/tmp/edgemicro-gw-1-5f0c-1-api.log', '/\u001b')
const hosts = fc.constantFrom('gw-1', 'gw-2')
const texts = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('\n', 'a\nb', 'a\r\n', '{', '{"a":1}', '\0', '{"message":5}', '[1]').map((text) => Buffer.from(text)),
)
const words = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '"', '\\', '\0', 'é', '\ud800', '{') })
const places = fc.option(fc.constantFrom(0, 1, 7, 1_000), { nil: undefined })

const pieces = fc.constantFrom('1,0', '1,5,1,-3', '2,7', '1', 'x', '')
const headersOf = fc.record(
  {
    'hangup-path': headerOf(paths),
    'hangup-host': headerOf(hosts),
    'hangup-offset': headerOf(places.map(String)),
    'hangup-pieces': headerOf(pieces),
  },
  { requiredKeys: [] },
)
const shipped = fc.oneof(
  fc.record({ message: words, log: fc.record({ file: fc.record({ path: paths }), offset: places }), host: hosts }),
  fc.record({ log: words, file: paths, hostname: hosts, '@timestamp': fc.nat() }, { requiredKeys: ['log'] }),
)

const sketches: fc.Arbitrary<MessageSketch[]> = fc.array(
  fc.oneof(
    fc.record({ value: texts }),
    fc.record({ value: texts, headers: headersOf }),
    fc.record({
      value: texts,
      headers: fc.record({ file: headerOf(paths), host: headerOf(hosts) }, { requiredKeys: [] }),
    }),
    fc.record({ value: shipped }),
    fc.constantFrom<MessageSketch>({ value: null }, { value: '' }),
  ),
  { maxLength: 20 },
)

describe('messages', () => {
  test('give the same lines, sources and offsets in whatever batches they come', () => {
    fc.assert(
      fc.property(sketches, fc.array(fc.nat({ max: 20 })), (messages, cuts) => {
        const whole = linesOf(new MessageBlocks({ topic: 't' }).toBlocks(batchOf(messages)))
        const reader = new MessageBlocks({ topic: 't' })
        const found: Record<string, SketchedLine[]> = {}
        const { messages: numbered } = batchOf(messages)
        const ends = [...new Set([...cuts, numbered.length])].sort((a, b) => a - b)
        let from = 0
        for (const end of ends) {
          const part = { partition: 0, messages: numbered.slice(from, end), nextOffset: end, highWatermark: end }
          for (const [name, lines] of Object.entries(linesOf(reader.toBlocks(part)))) {
            found[name] = [...(found[name] ?? []), ...lines]
          }
          from = end
        }
        expect(found).toEqual(whole)
      }),
      { numRuns: 1_000 },
    )
  })

  test('are all accounted for: each with a value gives a line, and no line is made up', () => {
    fc.assert(
      fc.property(sketches, fc.constantFrom(0, 1, 100), (messages, maxSources) => {
        const reader = new MessageBlocks({ topic: 't', maxSources })
        const blocks = reader.toBlocks(batchOf(messages))
        const expected = messages.map(({ value }) => linesIn(value)).reduce((sum, count) => sum + count, 0)
        const found = Object.values(linesOf(blocks)).flat()
        expect(found).toHaveLength(expected)
        const { counts } = reader
        expect(counts.messages).toBe(messages.length)
        expect(counts.empty).toBe(messages.filter(({ value }) => linesIn(value) === 0).length)
      }),
      { numRuns: 1_000 },
    )
  })
})

/** As anybody may write it: without a value, or several times. */
function headerOf(text: fc.Arbitrary<string>): fc.Arbitrary<HeaderValue> {
  const bytes = text.map((each) => Buffer.from(each))
  return fc.oneof({ weight: 4, arbitrary: bytes }, fc.constant(null), fc.array(fc.option(bytes), { maxLength: 2 }))
}

function linesIn(value: MessageSketch['value']): number {
  if (value === null || value === undefined || value === '') return 0
  if (Buffer.isBuffer(value)) return value.length === 0 ? 0 : count(value.toString('latin1'))
  const { log, message } = value as { log: unknown; message: unknown }
  const text = typeof log === 'string' ? log : (message as string)
  return text === '' ? 1 : count(text)
}

const count = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
