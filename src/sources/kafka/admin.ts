import type { Admin } from 'kafkajs'
import { ConfigError, type HangupError } from '../../errors.js'
import { type KafkaConnection, openClient } from './client-options.js'
import { kafkaFault } from './faults.js'
import { patiently } from './patiently.js'
import { settledWithin } from './waiting.js'

/** One partition of a topic: the first offset that is there, and the one behind the last that may be read. */
export interface PartitionRange {
  readonly partition: number
  readonly begin: number
  readonly end: number
}

/** How far a group is behind in one partition; `committed` is null where it has committed nothing. */
export interface PartitionLag extends PartitionRange {
  readonly committed: number | null
  readonly lag: number
}

/** A topic's partitions in order; null where there is no such topic. */
export async function describeTopic(
  connection: KafkaConnection,
  topic: string,
): Promise<readonly PartitionRange[] | null> {
  try {
    return await asking(connection, topic, async (admin) => {
      await requireTopic(admin, topic)
      return ranges(admin, topic)
    })
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'topic_not_found') return null
    throw error
  }
}

/** How far a group is behind in each partition of a topic. Throws `ConfigError` where there is no such topic. */
export function lagOf(connection: KafkaConnection, groupId: string, topic: string): Promise<readonly PartitionLag[]> {
  return asking(connection, topic, async (admin) => {
    await requireTopic(admin, topic)
    const [stored] = await admin.fetchOffsets({ groupId, topics: [topic] })
    const committed = new Map(stored?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
    return (await ranges(admin, topic)).map((range) => {
      const at = committed.get(range.partition) ?? -1
      const from = at < 0 ? range.begin : Math.max(at, range.begin)
      return { ...range, committed: at < 0 ? null : at, lag: Math.max(0, range.end - from) }
    })
  })
}

/** How many partitions a topic has. Throws `ConfigError` where there is no such topic. */
export function partitionCount(connection: KafkaConnection, topic: string): Promise<number> {
  return asking(connection, topic, (admin) => requireTopic(admin, topic))
}

/** The offset of the first message of that time or later, for each partition; the end where there is none. */
export function offsetsAt(
  connection: KafkaConnection,
  topic: string,
  timeMs: number,
): Promise<ReadonlyMap<number, number>> {
  return asking(connection, topic, async (admin) => {
    await requireTopic(admin, topic)
    const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timeMs)
    return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
  })
}

export interface TopicToBe {
  readonly topic: string
  /** The topic whose number of partitions it gets. */
  readonly like: string
  readonly signal: AbortSignal
  readonly onProblem: (problem: HangupError) => void
}

/**
 * Makes a topic where it is not there yet, with the brokers' own settings; waits for brokers that are away. False where
 * the signal aborted before. Throws what does not pass by itself, a missing right to make it for one.
 */
export async function ensureTopic(
  connection: KafkaConnection,
  { topic, like, signal, onProblem }: TopicToBe,
): Promise<boolean> {
  const isThere = await patiently({ onProblem, signal }, async () => {
    if ((await describeTopic(connection, topic)) !== null) return true
    const numPartitions = await partitionCount(connection, like)
    await asking(connection, topic, (admin) =>
      admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true }),
    )
    return true
  })
  return isThere ?? false
}

/** Deletes a group that has no members any more. */
export function deleteGroup(connection: KafkaConnection, groupId: string): Promise<void> {
  return asking(connection, groupId, async (admin) => void (await admin.deleteGroups([groupId])))
}

/** Connects, asks, and disconnects; every fault classified. */
async function asking<Answer>(
  connection: KafkaConnection,
  topic: string,
  ask: (admin: Admin) => Promise<Answer>,
): Promise<Answer> {
  const client = openClient(connection)
  const admin = client.kafka.admin()
  try {
    await admin.connect()
    return await ask(admin)
  } catch (error) {
    throw kafkaFault(error, { what: `cannot ask about ${topic}: ${connection.brokers.join(',')}`, topic })
  } finally {
    await settledWithin(admin.disconnect(), DISCONNECT_MS)
    client.destroy()
  }
}

/** A topic's number of partitions; throws the brokers' error where there is no such topic. */
async function requireTopic(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0].partitions.length
}

async function ranges(admin: Admin, topic: string): Promise<PartitionRange[]> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets
    .map(({ partition, low, high }) => ({ partition, begin: Number(low), end: Number(high) }))
    .sort((a, b) => a.partition - b.partition)
}

const DISCONNECT_MS = 2_000
