import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { lagOf } from '../../src/sources/kafka/admin.js'
import { eventually } from '../support/elasticsearch/cluster.js'
import { Fleet, type Instance, killed, OFTEN, Site, stopped } from './fleet.js'
import { corpusLogs, smallFleetLogs } from './logs.js'
import { expectOnePassInElasticsearch } from './one-pass.js'
import { filebeat, ship } from './shippers.js'

const NODES = 3
const PARTITIONS = 4
const NONE = ['--set', 'source.kafka.partitionedBy=none']
const FAULTS = 9

let site: Site

beforeAll(async () => {
  site = await Site.open({ nodes: NODES, elasticsearch: true })
}, 300_000)

afterAll(() => site?.close())

/** Resolves once the lines of failures, too, were read again and stored. */
async function joinedAll({ topic, group }: Fleet): Promise<void> {
  const connection = { brokers: site.kafka.brokers, security: { tls: false }, clientId: 'hangup-test' }
  await eventually(
    'all halves have met',
    async () => (await lagOf(connection, `${group}-halves`, `${topic}-${group}-halves`)).every(({ lag }) => lag === 0),
    120_000,
  )
}

test('halves that come by any partition meet, whatever instances, brokers and stores die meanwhile', async () => {
  const { kafka, elasticsearch, random } = site
  const fleet = new Fleet(site, 'scattered')
  await fleet.createTopic(PARTITIONS)
  // Not those of hostile requests: which of their lines can be split depends on where reading begins.
  const logs = [...smallFleetLogs({ hostile: false }), ...['h-337-110', 'd-337-102'].flatMap(corpusLogs)]
  for (const { name, bytes } of logs) fs.writeFileSync(path.join(fleet.logs, name), bytes)
  let isShipped = false
  const shipping = (async () => {
    for (const log of logs) {
      await ship(fleet, [log], { envelope: filebeat, keyOf: () => null, partitions: PARTITIONS })
      await sleep(2_000)
    }
    isShipped = true
  })()
  shipping.catch(() => {})

  const start = (number: number): Instance =>
    fleet.start('kafka-to-elasticsearch', `consumer-${number}`, [...NONE, ...OFTEN])
  const instances = [0, 1, 2].map(start)
  for (let fault = 0; fault < FAULTS || !isShipped; fault++) {
    await sleep(random.between(500, 3_000))
    if (fault % 4 === 3) {
      await elasticsearch.kill()
      await sleep(1_000)
      await elasticsearch.restart()
    } else if (fault % 4 === 1) {
      const node = random.between(1, NODES)
      await kafka.kill(node)
      await sleep(2_000)
      await kafka.restart(node)
    } else {
      const number = random.between(0, 2)
      await killed(instances[number])
      instances[number] = start(number)
    }
  }
  await shipping
  await fleet.caughtUp()
  await joinedAll(fleet)
  for (const instance of instances) await stopped(instance)
  await fleet.expectVerified('kafka-to-elasticsearch', 'consumer-0', NONE)
  await expectOnePassInElasticsearch(fleet, { isScattered: true })
  expect((await fleet.reached()).end).toBeGreaterThan(0)
}, 500_000)
