import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { HangupError } from '../../../src/errors.js'
import { describeTopic, lagOf } from '../../../src/sources/kafka/admin.js'
import { readTopic, type TopicReadOptions } from '../../../src/sources/kafka/topic-reader.js'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { connectionTo, openProducer, Topics, until, values } from './support.js'

let server: KafkaServer
let brokers: readonly string[]
let topics: Topics

beforeAll(async () => {
  server = await startKafka()
  brokers = server.brokers
  topics = new Topics(brokers)
  await topics.admin.connect()
})
afterAll(async () => {
  await topics?.admin.disconnect()
  await server?.remove()
})

async function readAll(topic: string, options: Partial<TopicReadOptions> = {}) {
  const problems: HangupError[] = []
  const onProblem = (problem: HangupError) => problems.push(problem)
  const reading = readTopic({ ...connectionTo(brokers), topic, from: 'beginning', onProblem, ...options })
  const read: string[] = []
  for await (const batch of reading.read(new AbortController().signal)) {
    read.push(...batch.messages.map(({ value }) => String(value)))
  }
  return { read: read.sort(), problems, progress: reading.progress() }
}

const texts = (partition: number, count: number, first = 0) =>
  values(partition, count, first).map(({ value }) => `${value}`)

test('a topic is read to where it ended, and no group is left behind', async () => {
  const topic = await topics.make(3)
  await topics.fill(topic, 2, 10)
  const { read, progress } = await readAll(topic)
  expect(read).toEqual([...texts(0, 10), ...texts(1, 10)].sort())
  expect(progress).toEqual({ readMessages: 20, totalMessages: 20 })
  const { groups } = await topics.admin.listGroups()
  expect(groups.filter(({ groupId }) => groupId.includes('-read-'))).toEqual([])
})

test('an empty topic is read at once', async () => {
  const topic = await topics.make(2)
  expect(await readAll(topic)).toEqual({ read: [], problems: [], progress: { readMessages: 0, totalMessages: 0 } })
})

test('a topic that is not there is told', async () => {
  await expect(readAll('nowhere')).rejects.toMatchObject({ name: 'ConfigError', code: 'topic_not_found' })
  expect(await describeTopic(connectionTo(brokers), 'nowhere')).toBeNull()
})

test('offsets and times bound what is read; what is gone is told', async () => {
  const topic = await topics.make(2)
  await topics.fill(topic, 2, 10)
  const from = new Map([
    [0, 2],
    [1, 5],
  ])
  const some = await readAll(topic, { from, to: new Map([[0, 4]]) })
  expect(some.read).toEqual([...texts(0, 2, 2), ...texts(1, 5, 5)].sort())
  expect((await readAll(topic, { from: new Map([[1, 9]]) })).read).toEqual(['1:9'])

  const betweenMs = Date.now() + 1
  await new Promise((resolve) => setTimeout(resolve, 50))
  await topics.fill(topic, 1, 3, 10)
  expect((await readAll(topic, { from: { timeMs: betweenMs } })).read).toEqual(texts(0, 3, 10))
  expect((await readAll(topic, { to: { timeMs: betweenMs } })).read).toHaveLength(20)

  await topics.deleteBefore(topic, 0, 6)
  const rest = await readAll(topic, { from })
  expect(rest.read).toEqual([...texts(0, 7, 6), ...texts(1, 5, 5)].sort())
  expect(rest.problems.map(({ message }) => message)).toEqual([
    `messages were deleted before they were read: ${topic}/0 (4, its first offset is 6 now)`,
  ])
})

test('what transactions leave at the end of a topic does not keep it from ending', async () => {
  const topic = await topics.make(2)
  const producer = topics.kafka.producer({ transactionalId: `of-${topic}`, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (const isKept of [true, false, true, false]) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: values(0, 3).map((each) => ({ ...each, partition: 0 })) })
    await transaction.send({ topic, messages: values(1, 3).map((each) => ({ ...each, partition: 1 })) })
    await (isKept ? transaction.commit() : transaction.abort())
  }
  await producer.disconnect()
  await until('the marks of all transactions are written', async () => {
    const ends = await topics.admin.fetchTopicOffsets(topic)
    return ends.every(({ high }) => high === '16')
  })
  const { read, progress } = await readAll(topic)
  expect(read).toHaveLength(12)
  expect(progress).toEqual({ readMessages: 32, totalMessages: 32 })
})

test.each(['none', 'gzip', 'snappy', 'lz4'] as const)(
  'what is written with compression %s is read',
  async (compression) => {
    const topic = await topics.make(1)
    await topics.fill(topic, 1, 1_000, 0, { compression })
    expect((await readAll(topic)).read).toEqual(texts(0, 1_000).sort())
  },
)

test.each(['gzip', 'snappy', 'lz4', 'zstd'])('what the broker, which is Java, writes with %s is read', async (type) => {
  const topic = await topics.make(1, { config: { 'compression.type': type } })
  await topics.fill(topic, 1, 3_000)
  expect((await readAll(topic)).read).toEqual(texts(0, 3_000).sort())
})

test('messages of many requests keep their order, keys and headers', async () => {
  const topic = await topics.make(1)
  const producer = openProducer(brokers, topic)
  const messages = values(0, 2_500).map((each) => ({ ...each, key: 'k', headers: { host: 'h' } }))
  await Promise.all([producer.send(0, messages), producer.send(0, values(0, 2, 2_500))])
  await producer.close()
  const reading = readTopic({ ...connectionTo(brokers), topic, from: 'beginning', onProblem: () => {} })
  const read: string[] = []
  for await (const { messages: each } of reading.read(new AbortController().signal)) {
    read.push(...each.map(({ value }) => String(value)))
    expect(each[0].offset === 2_500 ? null : [String(each[0].key), String(each[0].headers.host)]).not.toEqual(['', ''])
  }
  expect(read).toEqual(texts(0, 2_502))
})

test('the lag of a group is what it has not committed', async () => {
  const topic = await topics.make(2)
  await topics.fill(topic, 2, 10)
  await topics.admin.setOffsets({ groupId: `lag-${topic}`, topic, partitions: [{ partition: 0, offset: '4' }] })
  expect(await lagOf(connectionTo(brokers), `lag-${topic}`, topic)).toEqual([
    { partition: 0, begin: 0, end: 10, committed: 4, lag: 6 },
    { partition: 1, begin: 0, end: 10, committed: null, lag: 10 },
  ])
})

test('a producer says when there is no such topic, and waits for a partition that may come', async () => {
  const producer = openProducer(brokers, 'nowhere')
  await expect(producer.partitions()).rejects.toMatchObject({ code: 'topic_not_found' })
  await producer.close()
  const topic = await topics.make(1)
  const told: string[] = []
  const retry = {
    pause: async () => {
      if (told.length === 1) await topics.admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
      await new Promise((resolve) => setTimeout(resolve, 500))
    },
    random: () => 0,
    onRetry: ({ message }: Error) => told.push(message),
  }
  const patient = openProducer(brokers, topic, { retry })
  expect(await patient.partitions()).toBe(1)
  const sent = patient.send(1, values(1, 1))
  await sent
  await patient.close()
  expect(told[0]).toBe(`the topic has no such partition: ${topic}/1`)
  expect((await readAll(topic)).read).toEqual(['1:0'])
})
