import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import {
  corpusLogs,
  type FutureLog,
  inRotations,
  stretched,
  type WriteOptions,
  writeSlowly,
  writeWithRenames,
} from './logs.js'
import { Random } from './random.js'
import { Host, type Rows, readStore, type StoreContents } from './store.js'

const KILLS = 8
const WRITING_MS = 10_000

let host: Host
let random: Random

beforeAll(() => {
  random = Random.fromEnvironment()
  process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
})

beforeEach(() => {
  host = new Host()
})

afterEach(() => host.remove())

describe('a processor that is killed again and again', () => {
  test('ends with what a single pass gives, over several gateways', async () => {
    const runs = ['h-337-110', 'i-316-b-error-118', 'i-337-c-error-116', 'd-337-102', 'f-337-106']
    await outlives((options) => Promise.all(runs.map((run) => writeSlowly(corpusLogs(run), options))))
    await expectSinglePass()
  })

  test('ends with what a single pass gives, over the rotations of a gateway', async () => {
    const gateways = [
      inRotations(longLog('c-337-pcap-105'), 4),
      corpusLogs('g-337-rotate-restart-115').filter(({ name }) => name.includes('e676f480')),
    ]
    await outlives((options) => Promise.all(gateways.map((logs) => writeSlowly(logs, options))))
    await expectSinglePass()
  })

  test('begins in the middle of long logs, and ends with what a single pass gives', async () => {
    const logs = ['c-316-109', 'i-337-b-warn-113', 'i-316-c-warn-114'].map(longLog)
    await outlives((options) => Promise.all(logs.map((log) => writeSlowly([log], options))))
    const floors = host.readCheckpoint()?.files.map(({ floor }) => floor) ?? []
    expect(floors).toHaveLength(3)
    expect(Math.max(...floors)).toBeGreaterThan(0)
    await expectSinglePass()
  })

  test('ends with what a single pass gives while a log rotator renames the files', async () => {
    // One without stats records: whoever sees the file under its later name only cannot tell that counting began with it.
    const log = longLog('c-337-pcap-105')
    const parts = inRotations(log, 4)
    await outlives((options) => writeWithRenames(parts, log.name, options))
    await expectSinglePass(withFirstNames)
  })
})

/** Lines of half a minute, over 40 minutes. */
function longLog(run: string): FutureLog {
  return stretched(corpusLogs(run)[0], { times: 30, everyMs: 80_000 })
}

/** Kills the processor at random moments while `write` writes the logs; stops it cleanly when all of them are read. */
async function outlives(write: (options: WriteOptions) => Promise<unknown>): Promise<void> {
  let isWritten = false
  const writing = write({ directory: host.logs, random, durationMs: WRITING_MS }).then(() => {
    isWritten = true
  })
  for (let kill = 0; kill < KILLS; kill++) {
    const following = host.follow()
    await sleep(random.between(400, 2_500))
    expect((await following.kill()).signal).toBe('SIGKILL')
  }
  await writing
  expect(isWritten).toBe(true)
  for (let stops = 0; !host.isAllStored(); stops++) {
    expect(stops).toBeLessThan(20)
    const following = host.follow()
    await following.says('started')
    // Later each time, so that a slow machine gets to the end, too.
    await sleep(random.between(200, 1_500) + 250 * stops)
    const { code, stderr } = await following.stop()
    expect({ code, stderr }).toMatchObject({ code: 143 })
  }
}

async function expectSinglePass(
  normalized: (contents: StoreContents) => StoreContents = (same) => same,
): Promise<void> {
  const expected = normalized(await host.singlePass())
  const found = normalized(await readStore(host.store))
  expect(expected.failures.length).toBeGreaterThan(30)
  expect(expected.traffic.length).toBeGreaterThan(5)
  expectSameRows(found.failures, expected.failures)
  expectSameRows(found.traffic, expected.traffic)
}

/** One row after the other, so that a difference can be read. */
function expectSameRows(found: Rows, expected: Rows): void {
  expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
  for (const [index, row] of expected.entries()) expect(found[index]).toEqual(row)
}

/** A renamed file goes on under the name by which it was first seen; a single pass sees its last one. */
function withFirstNames({ failures, traffic }: StoreContents): StoreContents {
  const text = JSON.stringify(failures).replace(/-api\.log\.\d/g, '-api.log')
  return { failures: JSON.parse(text), traffic }
}
