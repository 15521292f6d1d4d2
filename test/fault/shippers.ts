import { Kafka, logLevel, type Message, Partitioners } from 'kafkajs'
import type { Fleet } from './fleet.js'
import type { FutureLog } from './logs.js'
import type { Random } from './random.js'

/** A line as a shipper reads it. */
export interface ReadLine {
  readonly text: string
  readonly path: string
  readonly host: string
  readonly offset: number
}

/** What a shipper makes of a line. */
export type Envelope = (line: ReadLine) => Pick<Message, 'value' | 'headers'>

export const filebeat: Envelope = ({ text, path, host, offset }) => ({
  value: JSON.stringify({
    '@timestamp': '2026-11-23T12:00:00.000Z',
    agent: { type: 'filebeat', version: '8.19.0', name: host },
    host: { name: host },
    log: { file: { path }, offset },
    message: text,
    input: { type: 'filestream' },
  }),
})

export const fluentBit: Envelope = ({ text, path, host, offset }) => ({
  value: JSON.stringify({ '@timestamp': 1_795_435_200.5, log: text, path, hostname: host, offset }),
})

/** It tells no offset unless it is told to. */
export const vector: Envelope = ({ text, path, host }) => ({
  value: JSON.stringify({ file: path, host, message: text, source_type: 'file', timestamp: '2026-11-23T12:00:00Z' }),
})

export const plain: Envelope = ({ text, path, host }) => ({ value: text, headers: { path, host } })

/** Tells the key of a line's message, by which its partition is chosen; null: any partition. */
export type KeyOf = (line: ReadLine) => string | null

export const byHost: KeyOf = ({ host }) => host

const CORRELATION_ID = /\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]\[[a-z-]+\]/

export const byCorrelationId: KeyOf = ({ text }) => CORRELATION_ID.exec(text)?.[1] ?? null

/** Ships logs side by side: lines of one file in their order, those of several in any. */
export async function ship(
  fleet: Fleet,
  logs: readonly FutureLog[],
  { envelope, keyOf, partitions }: { envelope: Envelope; keyOf: KeyOf; partitions: number },
): Promise<void> {
  const { kafka, random } = fleet.site
  const producer = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  // kafkajs loses messages of a send over several partitions when a leader moves.
  const send = async (messages: readonly Message[]): Promise<void> => {
    const byPartition = new Map<number | undefined, Message[]>()
    for (const message of messages) {
      const others = byPartition.get(message.partition)
      if (others === undefined) byPartition.set(message.partition, [message])
      else others.push(message)
    }
    for (const each of byPartition.values()) await producer.send({ topic: fleet.topic, messages: each })
  }
  let messages: Message[] = []
  for (const line of mixed(
    logs.map((log) => linesOf(log, fleet.logs)),
    random,
  )) {
    const key = keyOf(line)
    const place = key === null ? { partition: random.between(0, partitions - 1) } : {}
    messages.push({ key, ...envelope(line), ...place })
    if (messages.length < 1_000) continue
    await send(messages)
    messages = []
  }
  await send(messages)
  await producer.disconnect()
}

function linesOf({ name, bytes }: FutureLog, directory: string): ReadLine[] {
  const host = /^edgemicro-(.+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+-api\.log$/.exec(name)![1]
  let offset = 0
  const lines = bytes.toString('utf8').split('\n')
  return lines.slice(0, -1).map((text) => {
    const line = { text, host, path: `${directory}/${name}`, offset }
    offset += Buffer.byteLength(text) + 1
    return line
  })
}

/** Pieces of up to a hundred lines of one after another, at random; each one in its order. */
function* mixed(sources: readonly (readonly ReadLine[])[], random: Random): Generator<ReadLine> {
  const open = sources.filter((lines) => lines.length > 0).map((lines) => ({ lines, at: 0 }))
  while (open.length > 0) {
    const index = random.between(0, open.length - 1)
    const source = open[index]
    const to = Math.min(source.lines.length, source.at + random.between(1, 100))
    while (source.at < to) yield source.lines[source.at++]
    if (source.at === source.lines.length) open.splice(index, 1)
  }
}
