import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'

/** What tests do to topics, by a client that is made for each call: nothing is left open to brokers that come and go. */
export const topicsOf = (brokers) => ({
  async createTopic(name, { partitions = 1, replication = -1, config = {} } = {}) {
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value: String(value) }))
    const topic = { topic: name, numPartitions: partitions, replicationFactor: replication, configEntries }
    await asked(brokers, (admin) => admin.createTopics({ topics: [topic], waitForLeaders: true }))
  },
  async addPartitions(name, total) {
    await asked(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic: name, count: total }] }))
  },
  async leaderOf(topic, partition) {
    const { topics } = await asked(brokers, (admin) => admin.fetchTopicMetadata({ topics: [topic] }))
    const found = topics[0].partitions.find((each) => each.partitionId === partition)
    if (found === undefined) throw new Error(`the topic ${topic} has no partition ${partition}`)
    return found.leader
  },
})

/** Waits until consumer groups are served: a server makes their topic when it is first asked, and then loads it. */
export async function groupsServe(brokers) {
  const endMs = Date.now() + 60_000
  while (true) {
    try {
      return await asked(brokers, (admin) => admin.describeGroups(['hangup-test']))
    } catch (error) {
      if (Date.now() > endMs) throw error
      await sleep(100)
    }
  }
}

async function asked(brokers, question) {
  const retry = { retries: 8, initialRetryTime: 100, maxRetryTime: 1000 }
  const client = new Kafka({ clientId: 'hangup-test', brokers, logLevel: logLevel.NOTHING, retry })
  const admin = client.admin()
  await admin.connect()
  try {
    return await question(admin)
  } finally {
    await admin.disconnect()
  }
}
