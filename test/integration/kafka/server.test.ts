import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'

describe('one node', () => {
  let server: KafkaServer

  beforeAll(async () => {
    server = await startKafka()
  })

  afterAll(() => server?.remove())

  test('gives back what was sent, also after it was killed', async () => {
    await server.createTopic('kept', { partitions: 2 })
    await send(server.brokers, 'kept', 0, ['a', 'b'])
    await server.kill()
    expect(server.pid()).toBeNull()
    await server.restart()
    await send(server.brokers, 'kept', 1, ['c'])
    expect((await consume(server.brokers, 'kept', 3)).sort()).toEqual(['a', 'b', 'c'])
  })

  test('has topics with the partitions and the configuration that were asked for', async () => {
    await server.createTopic('made', { partitions: 3, config: { 'retention.ms': 1234 } })
    await server.addPartitions('made', 5)
    expect(await server.leaderOf('made', 4)).toBe(1)
    await expect(server.leaderOf('made', 5)).rejects.toThrow('has no partition 5')
  })
})

const client = (brokers: string[], more: Partial<KafkaConfig> = {}): Kafka =>
  new Kafka({ brokers, logLevel: logLevel.NOTHING, ...more })

async function send(brokers: string[], topic: string, partition: number, values: string[]): Promise<void> {
  const producer = client(brokers).producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition })) })
  await producer.disconnect()
}

async function consume(brokers: string[], topic: string, count: number): Promise<string[]> {
  const consumer = client(brokers).consumer({ groupId: randomUUID() })
  const values: string[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
        values.push(String(message.value))
        if (values.length >= count) resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    return values
  } finally {
    await consumer.disconnect()
  }
}
