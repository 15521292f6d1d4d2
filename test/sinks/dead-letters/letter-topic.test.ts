import { expect, test } from '@jest/globals'
import type { DeadLetter } from '../../../src/records.js'
import { LetterTopic } from '../../../src/sinks/dead-letters/letter-topic.js'
import type { LineMessage, LineProducer } from '../../../src/sinks/kafka/line-sink.js'
import { describeDeadLetterSink, refused, rejected } from '../../contract/dead-letter-contract.js'
import { traffic } from '../../support/documents.js'

const TOO_LARGE = new Error('too large')

/** Partitions in memory that take requests of so many bytes. */
function partitionsOf(count: number, mostBytes = Number.POSITIVE_INFINITY) {
  const messages: (LineMessage & { readonly partition: number })[] = []
  let requests = 0
  let largest = 0
  const producer: LineProducer = {
    partitions: async () => count,
    send: async (partition, lines) => {
      requests++
      const bytes = lines.reduce((sum, { value }) => sum + value.length, 0)
      largest = Math.max(largest, bytes)
      if (bytes > mostBytes) throw TOO_LARGE
      messages.push(...lines.map((line) => ({ ...line, partition })))
    },
    close: async () => {},
  }
  const open = (): LetterTopic => new LetterTopic({ producer, isTooLarge: (error) => error === TOO_LARGE })
  const kept = (): DeadLetter[] => messages.map(({ value }) => JSON.parse(value.toString()))
  return { open, kept, messages, requests: () => requests, largest: () => largest }
}

describeDeadLetterSink('a topic in memory', async () => {
  const { open, kept } = partitionsOf(4)
  return { open, kept: async () => kept(), remove: async () => {} }
})

test('a letter says in its headers what it is, and has the key of its source', async () => {
  const { open, messages } = partitionsOf(8)
  const counted: DeadLetter = {
    ...{ kind: 'refused', sink: 'elasticsearch', status: 400, reason: 'a\nb', position: null },
    document: traffic({ partition: 'gw/1' }),
  }
  await open().write([rejected('x', '/a.log'), rejected('y', '/a.log'), refused(), counted])
  const told = messages.map(({ key, headers }) => ({ key, headers }))
  expect(told).toEqual(
    expect.arrayContaining([
      { key: 'gw-1:/a.log', headers: { kind: 'rejected', reason: 'bad_level' } },
      { key: 'gateway-1:/logs/a.log', headers: { kind: 'refused', reason: 'refused' } },
      { key: 'gw/1', headers: { kind: 'refused', reason: 'refused' } },
    ]),
  )
  expect(new Set(messages.filter(({ key }) => key === 'gw-1:/a.log').map(({ partition }) => partition)).size).toBe(1)
})

test.each([
  ['plain text', 'x'],
  ['text that JSON makes six times as long', '\u0001'],
  ['text of three bytes a character', '\u6f22'],
])(
  'a letter that is larger than what the brokers take loses the end of its text and says so (%s)',
  async (_, piece) => {
    const { open, kept } = partitionsOf(1, 20_000)
    const topic = open()
    await topic.write([rejected('small'), rejected(piece.repeat(65_536)), rejected('behind')])
    const [first, cut, last] = kept()
    expect([first, last]).toEqual([rejected('small'), rejected('behind')])
    expect(cut).toMatchObject({ kind: 'rejected', cut: true, position: rejected('').position })
    if (cut.kind !== 'rejected') throw new Error('another kind')
    expect(cut.text.length).toBeGreaterThan(500)
    expect(piece.repeat(65_536).startsWith(cut.text)).toBe(true)
  },
)

test('a refused document that is larger than what the brokers take is left out, which the letter says', async () => {
  const { open, kept } = partitionsOf(1, 5_000)
  const letter = refused()
  if (letter.kind !== 'refused' || letter.document?.kind !== 'failure') throw new Error('another kind')
  const { document } = letter
  const huge = { ...document, document: { ...document.document, url: { path: `/${'x'.repeat(900_000)}` } } }
  await open().write([{ ...letter, reason: 'y'.repeat(70_000), document: huge }])
  expect(kept()).toEqual([{ ...letter, reason: expect.stringMatching(/^y{100,}$/), document: null, cut: true }])
})

test('many letters that are too much for one request go in smaller ones, and the next ones at once', async () => {
  const { open, kept, requests } = partitionsOf(1, 30_000)
  const topic = open()
  const letters = Array.from({ length: 500 }, (_, index) => rejected(`line ${index} ${'x'.repeat(500)}`))
  await topic.write(letters)
  expect(kept()).toEqual(letters)
  const before = requests()
  await topic.write(letters)
  expect(kept()).toEqual([...letters, ...letters])
  // Nothing is refused any more: as many requests as there are portions.
  expect(requests() - before).toBeLessThan(30)
})

test('no request is larger than what brokers take by default, however much waits', async () => {
  const { open, kept, largest } = partitionsOf(1)
  const letters = Array.from({ length: 100 }, (_, index) => rejected(`${index} ${'x'.repeat(65_536)}`))
  await open().write(letters)
  expect(kept()).toEqual(letters)
  expect(largest()).toBeLessThan(1024 * 1024)
})

test('a topic that takes nothing at all is an error, and no loop', async () => {
  const { open } = partitionsOf(1, 10)
  await expect(open().write([rejected('x'), refused()])).rejects.toBe(TOO_LARGE)
})

test('another error is thrown as it is', async () => {
  const topic = new LetterTopic({
    producer: {
      partitions: async () => 1,
      send: () => Promise.reject(new Error('away')),
      close: async () => {},
    },
    isTooLarge: () => false,
  })
  await expect(topic.write([rejected('x')])).rejects.toThrow('away')
})
