import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { TopicRange } from '../../../src/pipeline/backfill/plan.js'
import { readStore, type StoreContents } from '../../fault/store.js'
import { type CliResult, finished, projectDirectory, Sandbox, told } from '../../support/cli.js'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { backfillInProcess } from './backfill-run.js'
import { BACKFILL_PARTITIONS, fillBackfillTopic, fillLongTopic, LONG_MESSAGES, SENT_T0 } from './backfill-topic.js'
import { eventually } from './clients.js'
import { Topics } from './support.js'

const sandbox = new Sandbox()
const PIPELINE = path.join(projectDirectory, 'pipelines/kafka-to-duckdb.yaml')
/** Messages that are never deleted by themselves, however old their time is. */
const KEPT = { 'retention.ms': '-1' }

let server: KafkaServer
let topics: Topics
let topic: string
let counts: readonly number[]
/** What one pass over the whole topic gives. */
let whole: StoreContents
let wholeStore: string

beforeAll(async () => {
  server = await startKafka()
  topics = new Topics(server.brokers)
  await topics.admin.connect()
  topic = await topics.make(BACKFILL_PARTITIONS, { config: KEPT })
  counts = await fillBackfillTopic(topics.kafka, topic)
  expect(await run(['--once'], 'whole')).toMatchObject({ code: 0 })
  wholeStore = storeOf('whole')
  whole = await readStore(wholeStore)
})

afterAll(async () => {
  await topics?.admin.disconnect()
  await server?.remove()
  sandbox.remove()
})

const storeOf = (name: string): string => sandbox.path(`${name}.duckdb`)

function environmentOf(name: string, ofTopic = topic): Record<string, string> {
  return {
    KAFKA_BROKERS: server.brokers.join(','),
    KAFKA_TOPIC: ofTopic,
    KAFKA_GROUP: `group-${ofTopic}`,
    HANGUP_STORE: storeOf(name),
  }
}

function run(options: readonly string[], name: string, ofTopic = topic): Promise<CliResult> {
  return sandbox.hangup(['run', PIPELINE, ...options], {
    environment: environmentOf(name, ofTopic),
    timeoutMs: 120_000,
  })
}

function start(options: readonly string[], name: string) {
  const commandLine = ['run', PIPELINE, ...options]
  const child = sandbox.start(commandLine, { environment: environmentOf(name) })
  return { child, ended: finished(child, commandLine, 200_000) }
}

/** A copy of a store that is whole, to be filled on. */
function copyOfWhole(name: string): string {
  fs.copyFileSync(wholeStore, storeOf(name))
  return storeOf(name)
}

const backfill = (range: TopicRange, store: string): Promise<void> =>
  backfillInProcess(range, { brokers: server.brokers, topic, store, state: sandbox.path('state') })

const offsets = (shares: readonly number[]): ReadonlyMap<number, number> =>
  new Map(shares.map((share, partition) => [partition, Math.round(share * counts[partition])]))

// Without bias: else nearly all of a few runs would be about the ends.
const share = fc.noBias(fc.integer({ min: 0, max: 1_000 })).map((thousandths) => thousandths / 1_000)
const shares = fc.array(share, { minLength: BACKFILL_PARTITIONS, maxLength: BACKFILL_PARTITIONS })
/** Minutes of sending: some before the first message, some behind the last. */
const minute = fc.noBias(fc.integer({ min: -2, max: 60 }))
const RUNS = { numRuns: 4, endOnFailure: true }

describe('what a backfill stores', () => {
  test('holds failures whose target is inferred, and some whose target cannot be', () => {
    const sources = whole.failures.map(({ target_source }) => target_source)
    expect(new Set(sources)).toEqual(new Set(['log', 'inferred', 'unknown']))
    expect(whole.traffic.length).toBeGreaterThan(100)
  })

  test('of any range of offsets changes nothing in a store that is whole', async () => {
    const store = copyOfWhole('by-offset')
    const property = fc.asyncProperty(shares, shares, async (one, other) => {
      const [from, to] = [one, other].map(offsets)
      const low = new Map([...from].map(([partition, offset]) => [partition, Math.min(offset, to.get(partition)!)]))
      const high = new Map([...from].map(([partition, offset]) => [partition, Math.max(offset, to.get(partition)!)]))
      await backfill({ from: low, to: high }, store)
      expect(await readStore(store)).toEqual(whole)
    })
    await fc.assert(property, RUNS)
  })

  test('of any range of time changes nothing in a store that is whole', async () => {
    const store = copyOfWhole('by-time')
    const property = fc.asyncProperty(minute, minute, async (one, other) => {
      const [from, to] = [one, other + 0.5].sort((a, b) => a - b).map((each) => ({ timeMs: SENT_T0 + each * 60_000 }))
      await backfill({ from, to }, store)
      expect(await readStore(store)).toEqual(whole)
    })
    await fc.assert(property, RUNS)
  })

  test('of ranges that follow each other is what one pass stores', async () => {
    let number = 0
    const property = fc.asyncProperty(fc.array(shares, { minLength: 2, maxLength: 3 }), async (cuts) => {
      const store = storeOf(`parts-${number++}`)
      const columns = cuts[0].map((_, partition) => cuts.map((each) => each[partition]).sort((a, b) => a - b))
      const places = cuts.map((_, index) => offsets(columns.map((column) => column[index])))
      for (const [index, to] of places.entries()) {
        await backfill({ from: index === 0 ? 'beginning' : places[index - 1], to }, store)
      }
      await backfill({ from: places.at(-1)! }, store)
      expect(await readStore(store)).toEqual(whole)
    })
    await fc.assert(property, RUNS)
  })

  test('of a few lines is about them alone, and whole', async () => {
    const store = storeOf('few')
    const from = Math.floor(counts[1] / 2)
    await backfill({ from: new Map([[1, from]]), to: new Map([[1, from + 200]]) }, store)
    const few = await readStore(store)
    const known = new Map(whole.failures.map((each) => [each.id, each]))
    expect(few.failures.length).toBeGreaterThan(2)
    // The last ones may lack what comes behind the range.
    for (const each of few.failures.slice(0, 2)) expect(known.get(each.id)).toEqual(each)
    expect(few.failures.length).toBeLessThan(whole.failures.length / 10)
  })
})

describe('a backfill beside the group', () => {
  test('leaves its members and its offsets alone, and ends while it goes on', async () => {
    const http = ['--set', 'http.listen=127.0.0.1:0']
    const live = start(http, 'live')
    const url = await told(live.child, /"url":"([^"]+)"/)
    const groupId = `group-${topic}`
    const ends = counts.map(String)
    const committed = async () => (await topics.committed(groupId, topic)).map(([offset]) => offset)
    await eventually('the group has stored everything', async () => {
      const offsets = await committed()
      return ends.every((end, partition) => end === '0' || offsets[partition] === end)
    })
    const [offsetsBefore, membersBefore] = [await topics.committed(groupId, topic), await membersOf(groupId)]
    expect(membersBefore).toHaveLength(1)

    const lags = await lagsAt(url)
    expect(lags.records).toEqual({ 1: 0, 2: 0 })
    expect(lags.seconds).toEqual({ 1: 0, 2: 0 })

    const others: string[] = []
    const watching = eventually('the backfill is over', async () => {
      expect(await membersOf(groupId)).toEqual(membersBefore)
      for (const { groupId: each } of (await topics.admin.listGroups()).groups) others.push(each)
      return others.includes('over')
    })
    const result = await run(['--from', 'beginning'], 'beside')
    others.push('over')
    await watching
    expect(result).toMatchObject({ code: 0, stdout: '' })
    expect(result.stderr).toContain(`backfill: ${(counts[1] + counts[2]).toLocaleString('en-US')} messages`)
    expect(result.stderr).toMatch(/^read [\d,]+ lines = /m)
    expect([await topics.committed(groupId, topic), await membersOf(groupId)]).toEqual([offsetsBefore, membersBefore])
    expect(new Set(others.filter((each) => each.includes('-read-')).map((each) => each.slice(0, 20)))).toEqual(
      new Set(['hangup-backfill-read']),
    )
    live.child.kill('SIGTERM')
    expect(await live.ended).toMatchObject({ code: 143 })
    expect(await readStore(storeOf('live'))).toEqual(whole)
    expect(await readStore(storeOf('beside'))).toEqual(whole)
  })

  const membersOf = async (groupId: string) => {
    const { groups } = await topics.admin.describeGroups([groupId])
    return groups[0].members.map(({ memberId, memberAssignment }) => [memberId, memberAssignment.toString('hex')])
  }
})

describe('a backfill that does not come to its end', () => {
  let long: string
  let wholeOfLong: StoreContents

  beforeAll(async () => {
    long = await topics.make(2, { config: KEPT })
    await fillLongTopic(topics.kafka, long)
    expect(await run(['--once'], 'long', long)).toMatchObject({ code: 0 })
    wholeOfLong = await readStore(storeOf('long'))
  })

  test('says how to go on: both parts together store what one pass does; its lag is what is left', async () => {
    const { child, ended, url } = await startReading('stopped')
    const left = Object.values((await lagsAt(url)).records).reduce((sum, each) => sum + each, 0)
    child.kill('SIGTERM')
    const { code, stderr } = await ended
    expect(code).toBe(143)
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(2 * LONG_MESSAGES)
    const [, from, to] = /To go on: --from (\S+) --to (\S+)$/m.exec(stderr) ?? []
    expect(to).toMatch(new RegExp(`^offset:(?:[01]=${LONG_MESSAGES},?)+$`))
    const stored = await readStore(storeOf('stopped'))
    expect(stored.failures.length).toBeGreaterThan(0)
    expect(stored).not.toEqual(wholeOfLong)
    expect(await run(['--from', from, '--to', to], 'stopped', long)).toMatchObject({ code: 0 })
    expect(await readStore(storeOf('stopped'))).toEqual(wholeOfLong)
  })

  test('goes on by itself when brokers were away', async () => {
    const { ended } = await startReading('away')
    await server.kill()
    await server.restart()
    expect(await ended).toMatchObject({ code: 0 })
    expect(await readStore(storeOf('away'))).toEqual(wholeOfLong)
  })

  /** Resolves when something has been read. */
  async function startReading(name: string) {
    const commandLine = ['run', PIPELINE, '--from', 'beginning', '--set', 'http.listen=127.0.0.1:0']
    const child = sandbox.start(commandLine, { environment: environmentOf(name, long) })
    const ended = finished(child, commandLine, 200_000)
    const url = await told(child, /metrics and health: (\S+)\/metrics/)
    for (let isReading = false; !isReading; ) {
      const metrics = await fetch(`${url}/metrics`).then((answer) => answer.text())
      isReading = /^hangup_lines_total\{kind="event"\} [1-9]/m.test(metrics)
    }
    return { child, ended, url }
  }
})

test('a backfill whose store fails says how to go on', async () => {
  fs.mkdirSync(storeOf('unusable'))
  const { code, stderr } = await run(['--from', 'offset:1=5,2=7', '--to', 'offset:8'], 'unusable')
  expect(code).toBe(1)
  expect(stderr).toContain('To go on: --from offset:1=5,2=7 --to offset:1=8,2=8')
})

describe('a range', () => {
  test('that holds nothing is told, and is no error', async () => {
    for (const [from, to] of [
      ['now', undefined],
      ['offset:0=0', undefined],
      ['2026-11-19', '2026-11-20'],
      ['offset:1=99999999', 'offset:1=999999990'],
    ]) {
      const { code, stderr } = await run(['--from', from!, ...(to === undefined ? [] : ['--to', to])], 'nothing')
      expect({ from, code, stderr: stderr.trimEnd() }).toEqual({
        from,
        code: 0,
        stderr: expect.stringMatching(
          /^nothing lies in the range: (?:what is there is --from offset:|its partitions are empty$)/,
        ),
      })
    }
    expect(fs.existsSync(storeOf('nothing'))).toBe(false)
  })

  test('of a topic or a partition that is not there is refused, before anything is touched', async () => {
    const noTopic = await run(['--from', 'beginning'], 'untouched', 'nowhere')
    expect(noTopic).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('hangup: there is no such topic: nowhere'),
    })
    const noPartition = await run(['--from', 'offset:7=1'], 'untouched')
    expect(noPartition).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`there is no such partition: ${topic}/7`),
    })
    expect(noPartition.stderr).toContain('partitions 0 to 2')
    expect(fs.existsSync(storeOf('untouched'))).toBe(false)
  })

  test('whose begin was deleted is read from where it is there still, which is told', async () => {
    const cut = await topics.make(2, { config: KEPT })
    await topics.fill(cut, 2, 20)
    await topics.deleteBefore(cut, 0, 8)
    const { code, stderr } = await run(['--from', 'offset:5'], 'cut', cut)
    expect(code).toBe(1)
    expect(stderr).toContain(`messages were deleted before they were read: ${cut}/0 (3, its first offset is 8 now)`)
    expect(stderr).toContain('backfill: 27 messages, --from offset:0=8,1=5 --to offset:0=20,1=20')
    expect(stderr).toMatch(/^read 27 lines = /m)

    const byTime = await run(['--from', '1h'], 'cut', cut)
    expect(byTime).toMatchObject({ code: 0, stderr: expect.stringContaining('the partitions begin at offset:0=8') })
  })

  test('that is read with a key made anew is told so, for its documents may be others', async () => {
    const told = 'a key of the hash is made'
    const few = ['--from', 'offset:1=5', '--to', 'offset:1=8']
    const elsewhere = ['--set', `state.directory=${sandbox.path('elsewhere')}`]
    expect((await run([...few, ...elsewhere], 'elsewhere')).stderr).toContain(told)
    expect((await run([...few, ...elsewhere], 'elsewhere')).stderr).not.toContain(told)
  })
})

/** The lag of each partition, as whoever asks over HTTP is told. */
async function lagsAt(url: string) {
  const metrics = await fetch(`${url}/metrics`).then((answer) => answer.text())
  const of = (unit: string): Record<string, number> =>
    Object.fromEntries(
      [
        ...metrics.matchAll(
          new RegExp(`^hangup_partition_lag_${unit}\\{topic="[^"]+",partition="(\\d+)"\\} (\\S+)$`, 'gm'),
        ),
      ].map(([, partition, value]) => [partition, Number(value)]),
    )
  return { records: of('records'), seconds: of('seconds') }
}
