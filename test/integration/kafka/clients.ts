import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'

/** A client of the tests' own, which gives up sooner than kafkajs does by itself. */
export const client = (brokers: string[], more: Partial<KafkaConfig> = {}): Kafka =>
  new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 3, initialRetryTime: 100 }, ...more })

/** Stores values in one partition, acknowledged by all replicas that are in sync. */
export async function send(kafka: Kafka, topic: string, partition: number, values: readonly string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  try {
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value, partition })) })
  } finally {
    await producer.disconnect()
  }
}

/** Reads a topic from its beginning until it has given `count` values. */
export async function consume(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: randomUUID() })
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

/** Asks again until `condition` holds; throws with `what` after `timeoutMs`. What is thrown meanwhile counts as no. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs: number = 60_000,
): Promise<void> {
  const endMs = Date.now() + timeoutMs
  while (!(await condition().catch(() => false))) {
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(100)
  }
}
