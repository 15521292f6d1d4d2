import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test } from '@jest/globals'
import { count, eventually } from '../support/elasticsearch/cluster.js'
import { Fleet, type Instance, killed, OFTEN, Site } from './fleet.js'
import { corpusLogs, stretched, writeSlowly } from './logs.js'
import { expectAllStored } from './one-pass.js'

const PARTITIONS = 6
const KILLS = 20

let site: Site

beforeAll(async () => {
  site = await Site.open({ elasticsearch: true })
}, 300_000)

afterAll(() => site?.close())

test('three instances that are killed twenty times, and an agent that is too, leave what one pass gives', async () => {
  const { random } = site
  const fleet = new Fleet(site, 'killed')
  await fleet.createTopic(PARTITIONS)
  // Those of one gateway one after another: its workers' clocks never step back.
  const gateways = [
    ...['h-337-110', 'i-337-c-error-116', 'g-337-rotate-restart-115'].map(corpusLogs),
    [stretched(corpusLogs('c-337-pcap-105')[0], { times: 30, everyMs: 80_000 })],
  ]
  let isWritten = false
  const writing = Promise.all(
    gateways.map((logs) => writeSlowly(logs, { directory: fleet.logs, random, durationMs: 25_000 })),
  ).then(() => {
    isWritten = true
  })

  const startAgent = (): Instance => fleet.start('tail-to-kafka', 'agent')
  const start = (number: number): Instance => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, OFTEN)
  let agent = startAgent()
  const instances = [0, 1, 2].map(start)
  for (let kill = 0; kill < KILLS || !isWritten; kill++) {
    await sleep(random.between(300, 2_500))
    const number = random.between(0, 2)
    await killed(instances[number])
    instances[number] = start(number)
    if (kill % 5 !== 0) continue
    await killed(agent)
    agent = startAgent()
  }
  await writing
  await expectAllStored(fleet, { agent, instances })
}, 600_000)

test('an instance that is stopped for longer than its session leaves what one pass gives', async () => {
  const { random, elasticsearch } = site
  const fleet = new Fleet(site, 'stalled')
  await fleet.createTopic(PARTITIONS)
  const log = stretched(corpusLogs('c-337-pcap-105')[0], { times: 40, everyMs: 80_000 })
  const agent = fleet.start('tail-to-kafka', 'agent')
  const instances = [0, 1].map((number) => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, OFTEN))
  const writing = writeSlowly([log], { directory: fleet.logs, random, durationMs: 20_000 })
  await eventually('something is stored', async () => (await count('stalled-failures*', elasticsearch)) > 0)
  instances[0].child.kill('SIGSTOP')
  await sleep(10_000)
  instances[0].child.kill('SIGCONT')
  await writing
  await expectAllStored(fleet, { agent, instances })
}, 300_000)
