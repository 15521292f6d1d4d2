import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Fleet, type Instance, killed, Site } from './fleet.js'
import { smallFleetLogs } from './logs.js'
import { expectAllStored } from './one-pass.js'

/** Commits wait for a count of what is stored: it is made often, so that they show what an instance does. */
const OFTEN = ['--set', 'sinks[0].elasticsearch.frequency=2s']
/** What the group may take to share itself out, on a slow machine. */
const LONGEST_PAUSE_MS = 40_000
/** What service managers allow. */
const LONGEST_STOP_MS = 30_000

const TOO_SLOW = expect.stringMatching(/\nhangup: stopped before Elasticsearch answered: /)

let site: Site

beforeAll(async () => {
  site = await Site.open({ elasticsearch: true })
}, 300_000)

afterAll(() => site?.close())

test('instances that come, are restarted one after the other and go while lines flow count each line once', async () => {
  const { random } = site
  const fleet = new Fleet(site, 'rolling')
  await fleet.createTopic(6)
  const writing = fleet.write(smallFleetLogs(), 200_000)
  const agent = fleet.start('tail-to-kafka', 'agent')
  const start = (number: number): Instance => fleet.start('kafka-to-elasticsearch', `consumer-${number}`, OFTEN)
  const instances = [start(0)]
  await fleet.storesMore()
  const pace = new Pace(fleet)

  for (const number of [1, 2]) instances.push(start(number))
  await fleet.hasMembers(3)
  await fleet.storesMore()
  for (const number of [0, 1, 2]) {
    await stopsInTime(instances[number])
    await sleep(random.between(0, 3_000))
    instances[number] = start(number)
    await fleet.hasMembers(3)
    await fleet.storesMore()
  }
  for (const number of [2, 1]) await stopsInTime(instances[number])
  await fleet.hasMembers(1)
  await fleet.storesMore()
  const longestMs = await pace.end()
  process.stderr.write(`longest time without a commit of the whole group: ${Math.round(longestMs)} ms\n`)
  expect(longestMs).toBeLessThan(LONGEST_PAUSE_MS)

  await writing.finish()
  await expectAllStored(fleet, { agent, instances: [instances[0]] })
}, 600_000)

test('instances of two versions of a pipeline file, in one group, leave what one pass gives', async () => {
  const { random, sandbox, elasticsearch } = site
  const fleet = new Fleet(site, 'versions')
  await fleet.createTopic(6)
  const later = sandbox.write(
    'versions/later.yaml',
    `name: another-name
source:
  kafka:
    brokers: \${KAFKA_BROKERS}
    topic: \${KAFKA_TOPIC}
    group: \${KAFKA_GROUP}
    sessionTimeout: 20s
join: { window: 20s, lateness: 5m, maxPending: 2000 }
sinks:
  - duckdb: { path: "\${HANGUP_STORE}" }
  - elasticsearch: { node: "${elasticsearch.url}", prefix: versions, batch: 64KiB, inFlight: 1, linger: 1s, frequency: 2s }
state: { directory: "\${HANGUP_STATE}" }
`,
  )
  const writing = fleet.write(smallFleetLogs(), 120_000)
  const agent = fleet.start('tail-to-kafka', 'agent')
  const isLater = [false, true]
  const start = (number: number): Instance =>
    isLater[number]
      ? fleet.start(later, `consumer-${number}`)
      : fleet.start('kafka-to-elasticsearch', `consumer-${number}`, OFTEN)
  const instances = [0, 1].map(start)
  await fleet.hasMembers(2)
  await fleet.storesMore()
  // Forth and back, by a stop or a crash: what one version leaves, the other goes on with.
  for (let swap = 0; swap < 6; swap++) {
    const number = swap % 2
    await (random.next() < 0.5 ? killed(instances[number]) : stopsInTime(instances[number]))
    isLater[number] = !isLater[number]
    instances[number] = start(number)
    await sleep(random.between(0, 2_000))
    await fleet.storesMore()
  }
  await writing.finish()
  await expectAllStored(fleet, { agent, instances })
}, 600_000)

/** Cleanly; but a store that is too slow for the ten seconds that a stop gives it is told, and what waited is read again. */
async function stopsInTime({ name, child, ended }: Instance): Promise<void> {
  const toldMs = performance.now()
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  const tookMs = performance.now() - toldMs
  process.stderr.write(`${name} stopped within ${Math.round(tookMs)} ms\n`)
  expect(tookMs).toBeLessThan(LONGEST_STOP_MS)
  if (code !== 143) expect({ code, stderr }).toMatchObject({ code: 1, stderr: TOO_SLOW })
}

/** Watches how long a group goes without a commit. */
class Pace {
  #isOver = false
  readonly #watching: Promise<number>

  constructor(fleet: Fleet) {
    this.#watching = this.#watch(fleet)
    // A test that has failed asks no more.
    this.#watching.catch(() => {})
  }

  /** The longest time without a commit, in milliseconds. */
  end(): Promise<number> {
    this.#isOver = true
    return this.#watching
  }

  async #watch(fleet: Fleet): Promise<number> {
    let [before, sinceMs, longestMs] = [0, performance.now(), 0]
    while (!this.#isOver) {
      const { committed } = await fleet.reached()
      const nowMs = performance.now()
      longestMs = Math.max(longestMs, nowMs - sinceMs)
      if (committed > before) [before, sinceMs] = [committed, nowMs]
      await sleep(250)
    }
    return longestMs
  }
}
