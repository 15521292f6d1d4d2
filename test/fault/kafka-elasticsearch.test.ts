import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readExposition } from '../observability/exposition.js'
import { told } from '../support/cli.js'
import { count, eventually } from '../support/elasticsearch/cluster.js'
import { clientHalf, targetHalf } from '../support/lines.js'
import { Relay } from '../support/relay.js'
import { Fleet, type Instance, killed, OFTEN, Site, stopped } from './fleet.js'
import { corpusLogs, smallFleetLogs } from './logs.js'
import { expectAllStored, expectOnePassInElasticsearch } from './one-pass.js'
import { Witness } from './witness.js'

const MAX_RESIDENT_MB = 700
const SLOW_MS = 12_000

let site: Site
let relay: Relay

beforeAll(async () => {
  site = await Site.open({ elasticsearch: true })
  relay = await Relay.to(site.elasticsearch.url)
}, 300_000)

afterAll(async () => {
  relay?.close()
  await site?.close()
})

const behindRelay = (name: string): Fleet => new Fleet(site, name, { environment: { ELASTICSEARCH_URL: relay.url } })

test('a store that is killed again and again holds all that was committed, and ends with what one pass gives', async () => {
  const { random, elasticsearch } = site
  const fleet = behindRelay('store')
  await fleet.createTopic(4)
  const witness = await Witness.of(fleet)
  const writing = fleet.write(smallFleetLogs(), 200_000)
  const agent = fleet.start('tail-to-kafka', 'agent')
  const start = (number: number): Instance => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, OFTEN)
  let instances = [0, 1].map(start)
  let seen = 0
  for (let kill = 0; kill < 3; kill++) {
    await fleet.storesMore()
    await sleep(random.between(0, 1_000))
    await elasticsearch.kill()
    relay.shut()
    // In the second round the instances die with the store, so that others begin from what was committed.
    if (kill % 2 === 1) await Promise.all(instances.map(killed))
    await elasticsearch.restart()
    const found = await witness.expectCommittedIsStored()
    expect(found).toBeGreaterThanOrEqual(seen)
    seen = found
    relay.open()
    if (kill % 2 === 1) instances = [0, 1].map(start)
  }
  expect(seen).toBeGreaterThan(0)
  await writing.finish()
  await witness.close()
  await expectAllStored(fleet, { agent, instances })
}, 600_000)

test('a store that is slow slows the instances down, and costs them neither memory nor their partitions', async () => {
  const fleet = behindRelay('slow')
  await fleet.createTopic(4)
  const witness = await Witness.of(fleet)
  const instances = [0, 1].map((number) =>
    fleet.start('kafka-to-elasticsearch', `consumer-${number}`, [...OFTEN, '--set', 'http.listen=127.0.0.1:0']),
  )
  const urls = await Promise.all(instances.map(({ child }) => told(child, /"url":"(http:[^"]+)"/)))
  await fleet.hasMembers(2)
  const members = await fleet.members()

  relay.bytesPerSecond = 512 * 1024
  relay.answerDelayMs = 300
  for (let number = 0; number < 4; number++) {
    fs.writeFileSync(path.join(fleet.logs, `edgemicro-gw-1-${number}000-1-api.log`), failures(number, 8_000))
  }
  expect(await fleet.run('tail-to-kafka', 'agent', ['--once'])).toMatchObject({ code: 0 })
  let mostUnsent = 0
  for (const endMs = performance.now() + SLOW_MS; performance.now() < endMs; await sleep(1_000)) {
    for (const url of urls) mostUnsent = Math.max(mostUnsent, await metric(url, 'hangup_unsent_documents'))
    await witness.expectCommittedIsStored()
  }
  expect((await fleet.reached()).lag).toBeGreaterThan(0)
  expect(mostUnsent).toBeGreaterThan(5_000)

  relay.bytesPerSecond = Number.POSITIVE_INFINITY
  relay.answerDelayMs = 0
  await fleet.caughtUp()
  expect(await fleet.members()).toEqual(members)
  for (const [index, { child }] of instances.entries()) {
    // What is gained anew is replayed.
    expect(await metric(urls[index], 'hangup_replayed_bytes_total')).toBe(0)
    expect(peakResidentMb(child.pid!)).toBeLessThan(MAX_RESIDENT_MB)
  }
  for (const instance of instances) await stopped(instance)
  await witness.close()
  await fleet.expectVerified('kafka-to-elasticsearch', 'consumer-0')
  expect(await count('slow-failures*', site.elasticsearch)).toBe(32_000)
}, 600_000)

test('brokers that are away hold up no stop, and what was read meanwhile is read again', async () => {
  const { kafka, elasticsearch } = site
  const fleet = new Fleet(site, 'away')
  await fleet.createTopic(2)
  for (const { name, bytes } of corpusLogs('h-337-110')) fs.writeFileSync(path.join(fleet.logs, name), bytes)
  expect(await fleet.run('tail-to-kafka', 'agent', ['--once'])).toMatchObject({ code: 0 })
  const consumer = fleet.start('kafka-to-elasticsearch', 'consumer', OFTEN)
  await eventually('something is stored', async () => (await count('away-failures*', elasticsearch)) > 0)
  await kafka.kill()
  await stopped(consumer)
  await kafka.restart()
  const next = fleet.start('kafka-to-elasticsearch', 'consumer', OFTEN)
  await fleet.caughtUp()
  await stopped(next)
  await fleet.expectVerified('kafka-to-elasticsearch', 'consumer')
  await expectOnePassInElasticsearch(fleet)
}, 300_000)

async function metric(url: string, name: string): Promise<number> {
  const bytes = Buffer.from(await (await fetch(`${url}/metrics`)).arrayBuffer())
  return readExposition(bytes).value(name) ?? 0
}

/** Failed requests of one gateway process, and nothing else. */
function failures(process: number, requests: number): string {
  const lines: string[] = []
  for (let number = 0; number < requests; number++) {
    const correlationId = `0000000${process}-0000-4000-8000-${String(number).padStart(12, '0')}`
    lines.push(targetHalf({ at: number * 30, correlationId }), clientHalf({ at: number * 30 + 1, correlationId }))
  }
  return `${lines.join('\n')}\n`
}

/** The most that a process has held so far. */
function peakResidentMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Number(kilobytes) / 1024
}
