import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { eventually } from '../support/elasticsearch/cluster.js'
import { Fleet, OFTEN, type Reached, Site } from './fleet.js'
import { smallFleetLogs } from './logs.js'
import { expectAllStored } from './one-pass.js'

const NODES = 3
const PARTITIONS = 6
const OFFSETS_TOPIC = '__consumer_offsets'

let site: Site

beforeAll(async () => {
  site = await Site.open({ nodes: NODES, elasticsearch: true })
}, 300_000)

afterAll(() => site?.close())

test('brokers that are killed, and restarted one after the other, lose no line from the agent to the store', async () => {
  const { kafka, random } = site
  const fleet = new Fleet(site, 'brokers')
  await fleet.createTopic(PARTITIONS)
  const writing = fleet.write(smallFleetLogs(), 300_000)
  const agent = fleet.start('tail-to-kafka', 'agent')
  const instances = [0, 1].map((number) => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, OFTEN))
  await flows(fleet, 'at the start')

  // The group's coordinator, and two of those that are left.
  const first = await coordinatorOf(fleet.group)
  const others = [1, 2, 3].filter((node) => node !== first)
  if (random.next() < 0.5) others.reverse()
  for (const node of [first, ...others]) {
    await kafka.kill(node)
    await flows(fleet, `without the killed node ${node}`)
    await sleep(random.between(0, 1_000))
    await kafka.restart(node)
    await allInSync()
  }
  // As an update of the cluster does it.
  for (const node of others.concat(first)) {
    await kafka.stop(node)
    await sleep(random.between(0, 1_000))
    await kafka.restart(node)
    await allInSync()
    await flows(fleet, `after the restart of node ${node}`)
  }
  await writing.finish()
  await expectAllStored(fleet, { agent, instances })
}, 600_000)

/** Resolves once new lines came into the topic and new ones were stored. */
async function flows(fleet: Fleet, when: string): Promise<void> {
  const reached = (): Promise<Reached | null> => fleet.reached().catch(() => null)
  let before: Reached | null = null
  await eventually(
    `lines flow ${when}`,
    async () => {
      const now = await reached()
      before ??= now
      return now !== null && before !== null && now.end > before.end && now.committed > before.committed
    },
    120_000,
  )
}

/** The node that leads the partition in which the group's offsets lie. */
function coordinatorOf(group: string): Promise<number> {
  let hash = 0
  for (const unit of group) hash = (Math.imul(31, hash) + unit.charCodeAt(0)) | 0
  const partitions = 5 // offsets.topic.num.partitions of the servers of the tests
  return site.kafka.leaderOf(OFFSETS_TOPIC, (hash & 0x7fff_ffff) % partitions)
}

/** Resolves once every replica of every topic has all that was acknowledged, so that the next node may be lost. */
async function allInSync(): Promise<void> {
  const kafka = new Kafka({ brokers: site.kafka.brokers, logLevel: logLevel.NOTHING, retry: { retries: 2 } })
  const isInSync = async (): Promise<boolean> => {
    const admin = kafka.admin()
    try {
      await admin.connect()
      const { topics } = await admin.fetchTopicMetadata()
      return topics.flatMap(({ partitions }) => partitions).every(({ isr }) => isr.length === NODES)
    } catch {
      return false
    } finally {
      await admin.disconnect()
    }
  }
  await eventually('all replicas are in sync', isInSync, 120_000)
}
