import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { LineHandler, TextView } from '../../../src/line-handler.js'
import { LineParser } from '../../../src/parse/line-parser.js'
import type { MessagePosition } from '../../../src/records.js'
import { MessageBlocks } from '../../../src/sources/kafka/messages.js'
import { eventLine } from '../../support/lines.js'
import { batchOf, type MessageSketch } from './messages-of.js'

const FILE = '/var/tmp/edgemicro-gw-1-api.log'

interface Rejected {
  readonly text: string
  readonly source: string
  readonly offset: number
  readonly message: MessagePosition | undefined
}

/** Reads batches of partition 4 as a run does, and tells where each rejected line stood. */
function rejectedOf(...batches: readonly (readonly MessageSketch[])[]): Rejected[] {
  const rejected: Rejected[] = []
  const ignore = (): void => {}
  const handler: LineHandler = {
    ...{ event: ignore, plain: ignore, stats: ignore, continuation: ignore },
    rejection: (_, { bytes, lineStart, lineEnd, source, offset, message }: TextView) => {
      const text = Buffer.from(bytes.subarray(lineStart, lineEnd)).toString()
      rejected.push({ text, source: source.path, offset, message })
    },
  }
  const blocks = new MessageBlocks({ topic: 'raw' })
  const parser = new LineParser(handler)
  const sources = new Set<Parameters<LineParser['end']>[0]>()
  for (const batch of batches) {
    for (const block of blocks.toBlocks(batchOf(batch, 4))) {
      sources.add(block.source)
      parser.parse(block)
    }
  }
  for (const source of sources) parser.end(source)
  return rejected
}

const inMessage = (offset: number): MessagePosition => ({ topic: 'raw', partition: 4, offset })

test('a line tells its message, and its file where that is known', () => {
  const headers = { 'hangup-path': FILE, 'hangup-offset': '500' }
  const found = rejectedOf([
    { value: 'plain poison', offset: 17 },
    { value: 'first\nsecond', offset: 18, headers },
    { value: 'third', offset: 20, headers: { 'hangup-path': FILE } },
  ])
  expect(found).toEqual([
    { text: 'plain poison', source: 'raw/4', offset: 17, message: inMessage(17) },
    { text: 'first', source: FILE, offset: 500, message: inMessage(18) },
    { text: 'second', source: FILE, offset: 506, message: inMessage(18) },
    { text: 'third', source: FILE, offset: 20, message: inMessage(20) },
  ])
})

test('a line of several in one message tells that message, and its own place in the file', () => {
  const headers = { 'hangup-path': FILE, 'hangup-offset': '500', 'hangup-pieces': '6,-2,7,1000' }
  const found = rejectedOf([{ value: 'first\nsecond\nthird\nfourth', offset: 18, headers }])
  expect(found.map(({ text, offset }) => [text, offset])).toEqual([
    ['first', 500],
    ['second', 504],
    ['third', 1511],
    ['fourth', 1517],
  ])
  expect(found.map(({ message }) => message)).toEqual(found.map(() => inMessage(18)))
})

test('where the places of its lines are damaged, each has the place of the message', () => {
  const headers = { 'hangup-path': FILE, 'hangup-offset': '500', 'hangup-pieces': '6,x' }
  const found = rejectedOf([{ value: 'first\nsecond', offset: 18, headers }])
  expect(found.map(({ offset }) => offset)).toEqual([18, 18])
})

test('an event that is never completed tells the message in which it began, also batches later', () => {
  const torn = eventLine().slice(0, -20)
  const [open] = rejectedOf(
    [{ value: torn, offset: 3 }],
    [{ value: ' at a stack', offset: 9 }],
    [{ value: eventLine({ at: 5 }), offset: 12 }],
  )
  expect(open).toMatchObject({ offset: 3, message: inMessage(3) })
})

test("a container's line that came in pieces tells the message of its first one", () => {
  const piece = (log: string) => ({ log, stream: 'stdout', time: '2021-06-23T03:52:24.110Z' })
  const value = (log: string): string => JSON.stringify(piece(log))
  const headers = { 'hangup-path': FILE }
  const found = rejectedOf(
    [{ value: value('no rec'), offset: 5, headers }],
    [{ value: value('ord at all\n'), offset: 8, headers }],
    [{ value: value('cut by the end'), offset: 9, headers }],
  )
  expect(found.map(({ text, message }) => [text, message?.offset])).toEqual([
    ['no record at all', 5],
    ['cut by the end', 9],
  ])
})

test('whatever the batches, a line tells the message that holds it', () => {
  const sketch = fc.record({
    lines: fc.array(fc.constantFrom('x', 'yy', ''), { minLength: 1, maxLength: 4 }),
    path: fc.constantFrom(null, 'a.log', 'b.log'),
    place: fc.option(fc.nat(1_000)),
    gap: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(sketch, { maxLength: 30 }), fc.array(fc.nat(29)), (sketches, cuts) => {
      let offset = 0
      const messages = sketches.map(({ lines, path, place, gap }): MessageSketch => {
        offset += gap + 1
        // Each line names its message, so that what is told can be compared with what is true.
        const value = lines.map((line, index) => `${offset}.${index} ${line}`).join('\n')
        const headers: Record<string, string> = {}
        if (path !== null) headers['hangup-path'] = path
        if (place !== null) headers['hangup-offset'] = String(place)
        return { value, offset, headers }
      })
      const borders = [0, ...cuts.toSorted((a, b) => a - b), messages.length]
      const batches = borders.slice(1).map((border, index) => messages.slice(borders[index], border))
      const found = rejectedOf(...batches)
      expect(found).toHaveLength(sketches.reduce((sum, { lines }) => sum + lines.length, 0))
      for (const { text, message } of found) expect(message).toEqual(inMessage(Number(text.split('.')[0])))
    }),
  )
})
