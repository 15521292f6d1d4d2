import fs from 'node:fs'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { loadPipeline } from '../../src/config/load.js'
import { liveness, readiness } from '../../src/observability/health.js'
import { RunObserver } from '../../src/observability/observer.js'
import type { Snapshot } from '../../src/observability/snapshot.js'
import { runPipeline } from '../../src/pipeline/run.js'
import type { Ledger } from '../../src/records.js'
import { corpusLogs, type FutureLog, stretched } from '../fault/logs.js'
import { readStore } from '../fault/store.js'
import { temporaryDirectories } from '../pipeline/temporary.js'
import { clientHalf, targetHalf } from '../support/lines.js'
import { RUNS } from '../support/truth.js'

const directory = temporaryDirectories()

/** A pipeline in this process, and its runs one after another. */
class Place {
  readonly directory = directory()
  readonly store = path.join(this.directory, 'store.duckdb')
  readonly config = loadPipeline(
    `
    name: test
    source: { tail: { paths: [${JSON.stringify(path.join(this.directory, '*.log'))}] } }
    sinks: [{ duckdb: { path: ${JSON.stringify(this.store)} } }, { stdout: {} }]
    state: { directory: ${JSON.stringify(path.join(this.directory, 'state'))} }`,
    { file: 'test.yaml', environment: {} },
  )

  write({ name, bytes }: FutureLog, from = 0, to = bytes.length): void {
    fs.appendFileSync(path.join(this.directory, name), bytes.subarray(from, to))
  }

  start({ once = false, stdout = new PassThrough().resume() as PassThrough } = {}) {
    const stop = new AbortController()
    const observer = new RunObserver()
    const ended = runPipeline({
      config: this.config,
      once,
      proxies: [],
      machine: 'this-machine',
      stdin: Readable.from([]),
      stdout,
      signal: stop.signal,
      onProblem: () => {},
      timing: { tickMs: 10, quietMs: 60 },
      observer,
    })
    ended.catch(() => {})
    return {
      observer,
      ended,
      stop: () => {
        stop.abort()
        return ended
      },
    }
  }
}

/** Looks again until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never: ${isSo}`)
    await sleep(5)
  }
}

interface Totals {
  readonly ledger: Readonly<Ledger>
  readonly requests: number
  readonly failed: number
  readonly byLabels: Readonly<Record<string, number>>
}

function totalsOf({ ledger, requests, failures, failed }: Snapshot): Totals {
  const byLabels: Record<string, number> = {}
  for (const { labels, count } of [...requests, ...failures]) byLabels[Object.values(labels).join(' ')] = count
  return { ledger, requests: requests.reduce((sum, { count }) => sum + count, 0), failed, byLabels }
}

function added(all: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const each of all) for (const [name, value] of Object.entries(each)) sums[name] = (sums[name] ?? 0) + value
  return sums
}

describe('the numbers of a run', () => {
  test('are those of the store: each failure and request of the corpus once', async () => {
    const place = new Place()
    const logs = RUNS.flatMap(corpusLogs)
    for (const log of logs) place.write(log)
    const run = place.start({ once: true })
    const { ledger } = await run.ended
    const { failures, traffic } = await readStore(place.store)
    const totals = totalsOf(run.observer.snapshot)
    expect(totals.ledger).toEqual(ledger)
    expect(totals.failed).toBe(failures.length)
    expect(totals.requests).toBe(traffic.reduce((sum, { requests }) => sum + Number(requests), 0))
    expect(run.observer.snapshot.readBytes).toBe(logs.reduce((sum, { bytes }) => sum + bytes.length, 0))
    expect(run.observer.snapshot.unsent).toBe(0)
    const byCause = (rows: readonly { cause: unknown }[]) => added(rows.map(({ cause }) => ({ [String(cause)]: 1 })))
    expect(added(run.observer.snapshot.failures.map(({ labels, count }) => ({ [labels.cause]: count })))).toEqual(
      byCause(failures as unknown as { cause: unknown }[]),
    )
  })

  test('of processes that follow each other add up to those of one: what is read again is not counted again', async () => {
    const [log] = corpusLogs('d-337-102')
    // Longer than evidence reaches back, so that replays begin in the middle.
    const long = stretched(log, { times: 4, everyMs: 300_000 })
    const single = new Place()
    single.write(long)
    const whole = single.start()
    await until(() => whole.observer.snapshot.readBytes === long.bytes.length)
    await whole.stop()

    const place = new Place()
    const parts: Snapshot[] = []
    const cuts = [0, 0.3, 0.31, 0.6, 0.95, 1].map((share) => Math.floor(long.bytes.length * share))
    for (let index = 1; index < cuts.length; index++) {
      place.write(long, cuts[index - 1], cuts[index])
      const wholeLines = long.bytes.lastIndexOf('\n', cuts[index] - 1) + 1
      const run = place.start()
      const stored = index === 1 ? 0 : long.bytes.lastIndexOf('\n', cuts[index - 1] - 1) + 1
      await until(() => {
        const { readBytes, replayedBytes } = run.observer.snapshot
        return readBytes - replayedBytes === wholeLines - stored
      })
      await run.stop()
      parts.push(run.observer.snapshot)
    }
    const expected = totalsOf(whole.observer.snapshot)
    const totals = parts.map(totalsOf)
    expect(parts.slice(1).every(({ replayedBytes }) => replayedBytes > 0)).toBe(true)
    expect(added(totals.map(({ ledger }) => ({ ...ledger })))).toEqual(expected.ledger)
    expect(added(totals.map(({ requests, failed }) => ({ requests, failed })))).toEqual({
      requests: expected.requests,
      failed: expected.failed,
    })
    expect(added(parts.map(({ late, evicted }) => ({ late, evicted })))).toEqual({ late: 0, evicted: 0 })
  })

  test('hold a failure once that is given out half by half', async () => {
    const place = new Place()
    place.write({ name: 'a.log', bytes: Buffer.from(`${targetHalf({ at: 0 })}\n`) })
    const run = place.start()
    await until(() => run.observer.snapshot.failed === 1)
    place.write({ name: 'a.log', bytes: Buffer.from(`${clientHalf({ at: 2 })}\n`) })
    await until(() => run.observer.snapshot.sinks[0].stored === 2)
    await run.stop()
    expect(run.observer.snapshot).toMatchObject({ failed: 1, orphans: 1 })
    expect((await readStore(place.store)).failures).toHaveLength(1)
  })

  test('tell when positions were saved, in a run that keeps them', async () => {
    const place = new Place()
    place.write({ name: 'a.log', bytes: Buffer.from(`${targetHalf({ at: 0 })}\n`) })
    const before = Date.now()
    const run = place.start()
    await until(() => run.observer.snapshot.checkpointSavedMs !== null)
    expect(run.observer.snapshot.checkpointSavedMs).toBeGreaterThanOrEqual(before)
    await run.stop()
    const once = place.start({ once: true })
    await once.ended
    expect(once.observer.snapshot.checkpointSavedMs).toBeNull()
  })
})

describe('the health of a run', () => {
  test('is ready from when its source is open until it is told to stop, and alive all the time', async () => {
    const place = new Place()
    place.write({ name: 'a.log', bytes: Buffer.from(`${targetHalf({ at: 0 })}\n${clientHalf({ at: 1 })}\n`) })
    // Nobody reads: the sink waits, and holds the run in its stop.
    const stdout = new PassThrough({ highWaterMark: 1 })
    const run = place.start({ stdout })
    const reasons = () => [...readiness(run.observer.health).reasons, ...liveness(run.observer.health).reasons]
    expect(reasons()).toEqual(['starting'])
    await until(() => run.observer.health.phase === 'running')
    expect(reasons()).toEqual([])
    await until(() => run.observer.snapshot.unsent > 0)
    const ended = run.stop()
    expect(reasons()).toEqual(['stopping'])
    stdout.resume()
    await ended
    expect(reasons()).toEqual(['stopping'])
  })

  test('moves on while no lines come', async () => {
    const run = new Place().start()
    await until(() => run.observer.health.phase === 'running')
    for (let turn = 0; turn < 3; turn++) {
      const { idleMs } = run.observer.health
      await until(() => run.observer.health.idleMs < idleMs)
    }
    await run.stop()
  })
})
