import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { eventually } from '../support/elasticsearch/cluster.js'
import { Fleet, Site, stopped } from './fleet.js'
import { corpusLogs, corpusRuns, smallFleetLogs } from './logs.js'
import { expectOnePassInDuckDb } from './one-pass.js'
import { byCorrelationId, byHost, filebeat, fluentBit, plain, ship, vector } from './shippers.js'

let site: Site

beforeAll(async () => {
  site = await Site.open()
}, 300_000)

afterAll(() => site?.close())

test('the whole corpus through Kafka ends as one pass over the files does', async () => {
  const fleet = new Fleet(site, 'corpus')
  // Not that of a console: its name tells no gateway, and through Kafka it has the host of the agent for one.
  const logs = corpusRuns().flatMap(corpusLogs)
  for (const { name, bytes } of logs)
    if (!name.includes('console')) fs.writeFileSync(path.join(fleet.logs, name), bytes)
  await fleet.createTopic(6)
  expect(await fleet.run('tail-to-kafka', 'agent', ['--once'])).toMatchObject({ code: 0 })

  const consumer = fleet.start('kafka-to-duckdb', 'consumer')
  await fleet.caughtUp()
  await stopped(consumer)
  await fleet.expectVerified('kafka-to-duckdb', 'consumer')
  await expectOnePassInDuckDb(fleet, 'consumer')
}, 300_000)

test('messages that come twice, messages that are no lines, and partitions that are added change nothing', async () => {
  const { kafka, random } = site
  const fleet = new Fleet(site, 'repeated')
  const before = 3
  await fleet.createTopic(before)
  const consumer = fleet.start('kafka-to-duckdb', 'consumer')
  const producer = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).producer({
    createPartitioner: Partitioners.LegacyPartitioner,
    metadataMaxAge: 1_000,
  })
  await producer.connect()
  const poison = [
    Buffer.alloc(0),
    Buffer.from([0xff, 0xfe, 0]),
    Buffer.from('{"message":'),
    Buffer.from('x'.repeat(70_000)),
  ]
  let partitions = before
  for (const [file, { name, bytes }] of ['h-337-110', 'i-337-c-error-116', 'd-337-102'].flatMap(corpusLogs).entries()) {
    fs.writeFileSync(path.join(fleet.logs, name), bytes)
    const lines = bytes.toString('latin1').split('\n').slice(0, -1)
    let offset = 0
    const messages = lines.map((line) => {
      const headers = { 'hangup-path': path.join(fleet.logs, name), 'hangup-offset': String(offset) }
      offset += line.length + 1
      return { value: Buffer.from(line, 'latin1'), headers, partition: file % partitions }
    })
    for (let start = 0; start < messages.length; start += 200) {
      const value = poison[random.between(0, poison.length - 1)]
      const strange = { value, headers: { 'hangup-path': 'poison' }, partition: file % partitions }
      // What a producer sends again when no answer came: the same, at once or a little later.
      for (let time = 0; time < 2; time++) {
        await producer.send({ topic: fleet.topic, messages: [...messages.slice(start, start + 200), strange] })
      }
    }
    if (file > 0) continue
    await kafka.addPartitions(fleet.topic, before + 2)
    partitions = before + 2
    await sleep(3_000)
  }
  await producer.disconnect()
  await eventually(
    'the new partitions are found',
    async () => (await fleet.partitions()).every(({ lag }) => lag === 0),
    90_000,
  )
  await stopped(consumer)
  await fleet.expectVerified('kafka-to-duckdb', 'consumer')
  await expectOnePassInDuckDb(fleet, 'consumer')
}, 300_000)

describe('lines of other shippers that come in any order over files', () => {
  const logs = [...smallFleetLogs(), ...['h-337-110', 'd-337-102', 'g-337-rotate-restart-115'].flatMap(corpusLogs)]
  const partitions = 4

  test.each([
    ['Filebeat, keyed by host', filebeat, byHost, { isForeign: true }],
    ['Fluent Bit, keyed by host', fluentBit, byHost, { isForeign: true }],
    ['Vector, keyed by host', vector, byHost, { withoutOffsets: true, isForeign: true }],
    ['Filebeat, keyed by correlation id', filebeat, byCorrelationId, { isScattered: true }],
    ['plain lines, keyed by correlation id', plain, byCorrelationId, { withoutOffsets: true, isScattered: true }],
  ] as const)('end as one pass over the files does: %s', async (name, envelope, keyOf, difference) => {
    const fleet = new Fleet(site, name.replace(/\W+/g, '-'))
    await fleet.createTopic(partitions)
    for (const { name, bytes } of logs) fs.writeFileSync(path.join(fleet.logs, name), bytes)
    await ship(fleet, logs, { envelope, keyOf, partitions })
    const keyed = ['--set', `source.kafka.partitionedBy=${keyOf === byHost ? 'source' : 'correlationId'}`]
    const consumer = fleet.start('kafka-to-duckdb', 'consumer', keyed)
    await fleet.caughtUp()
    await stopped(consumer)
    await fleet.expectVerified('kafka-to-duckdb', 'consumer', keyed)
    await expectOnePassInDuckDb(fleet, 'consumer', difference)
  })
})
