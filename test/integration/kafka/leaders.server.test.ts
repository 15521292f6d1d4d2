import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { Member, openProducer, sleep, Topics, until, values } from './support.js'

const PARTITIONS = [0, 1, 2, 3, 4, 5]

let server: KafkaServer
let topics: Topics

beforeAll(async () => {
  server = await startKafka({ nodes: 3, heapMb: 192 })
  topics = new Topics(server.brokers)
  await topics.admin.connect()
})
afterAll(async () => {
  await topics?.admin.disconnect()
  await server?.remove()
})

test('nothing that was acknowledged is lost when leaders move, and a member reads on', async () => {
  const topic = await topics.make(PARTITIONS.length, {
    replicationFactor: 3,
    config: { 'min.insync.replicas': '2' },
  })
  /** Empty where the node that was asked went meanwhile. */
  const partitions = async () => {
    const asked = topics.admin.fetchTopicMetadata({ topics: [topic] })
    return asked.then(({ topics }) => topics[0].partitions).catch(() => [])
  }
  const leads = async (node: number) => (await partitions()).some(({ leader }) => leader === node)
  const leadsNoMore = async (node: number) => {
    const told = await partitions()
    return told.length > 0 && told.every(({ leader }) => leader !== node)
  }
  const allInSync = async () => (await partitions()).filter(({ isr }) => isr.length === 3).length === PARTITIONS.length

  const member = new Member({ brokers: server.brokers, topic, groupId: `group-of-${topic}` })
  const retry = { pause: (milliseconds: number) => sleep(Math.min(milliseconds, 1_000)), random: () => 0.5 }
  const producer = openProducer(server.brokers, topic, { retry })
  const sent: string[][] = PARTITIONS.map(() => [])
  const read = new Set<string>()
  let seen = 0
  let isOver = false
  const writers = PARTITIONS.map(async (partition) => {
    for (let number = 0; !isOver; number += 20) {
      const messages = values(partition, 20, number)
      await producer.send(partition, messages)
      sent[partition].push(...messages.map(({ value }) => String(value)))
      await sleep(50)
    }
  })
  /** What is acknowledged from now on, in every partition, is read. */
  const goesOn = async (what: string) => {
    const before = sent.map(({ length }) => length)
    const isWritten = () => sent.every(({ length }, partition) => length > before[partition])
    await until(`${what}: all partitions are written`, isWritten, 90_000)
    const isRead = () => {
      for (; seen < member.values.length; seen++) read.add(member.values[seen])
      return sent.every((each, partition) => read.has(each[before[partition]]))
    }
    await until(`${what}: all partitions are read`, isRead, 90_000)
  }

  try {
    await goesOn('at first')
    for (const [node, end] of [
      [2, 'kill'],
      [1, 'stop'],
    ] as const) {
      await until(`node ${node} leads`, () => leads(node), 90_000)
      await server[end](node)
      await until(`node ${node} leads no more`, () => leadsNoMore(node), 90_000)
      await goesOn(`without node ${node}`)
      await server.restart(node)
      await until(`node ${node} has all that the others have`, allInSync, 90_000)
    }
  } finally {
    isOver = true
    await Promise.allSettled(writers)
  }
  await Promise.all(writers)
  const all = sent.flat()
  await until('all is read', () => new Set(member.values).size >= all.length, 90_000)
  for (const value of member.values) read.add(value)
  expect(all.filter((value) => !read.has(value))).toEqual([])
  expect(await member.commit('end')).toEqual([])
  await producer.close()
  await member.stop()
  expect(member.values).toHaveLength(read.size)
})
