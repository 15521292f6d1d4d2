import { expect, test } from '@jest/globals'
import { KafkaLineSink, type LineMessage, type LineProducer } from '../../../src/sinks/kafka/line-sink.js'

const line = (key: string, text: string): LineMessage => ({ key, value: Buffer.from(text), headers: {} })

function sinkOn(partitions: () => number, send: LineProducer['send'] = async () => {}) {
  const sent = new Map<number, string[]>()
  const sink = new KafkaLineSink({
    partitions: async () => partitions(),
    send: async (partition, messages) => {
      sent.set(partition, [...(sent.get(partition) ?? []), ...messages.map(({ value }) => String(value))])
      return send(partition, messages)
    },
    close: async () => {},
  })
  return { sink, sent }
}

test('lines of one key go to one partition, in their order, also when partitions are added', async () => {
  let partitions = 5
  const { sink, sent } = sinkOn(() => partitions)
  const keys = Array.from({ length: 40 }, (_, key) => `host-${key}:file`)
  for (let number = 0; number < 3; number++) {
    await sink.write(keys.map((key) => line(key, `${key} ${number}`)))
    partitions = 50
  }
  expect(sent.size).toBe(5)
  for (const key of keys) {
    const places = [...sent.values()].map((lines) => lines.filter((text) => text.startsWith(`${key} `)))
    expect(places.filter((lines) => lines.length > 0)).toEqual([[`${key} 0`, `${key} 1`, `${key} 2`]])
  }
})

test('a write is done when every partition has its lines, and fails with any of them', async () => {
  const { sink } = sinkOn(
    () => 8,
    async (partition) => {
      if (partition === 3) throw new Error('partition 3 is away')
    },
  )
  const lines = Array.from({ length: 100 }, (_, key) => line(`${key}`, 'x'))
  await expect(sink.write(lines)).rejects.toThrow('partition 3 is away')
})
