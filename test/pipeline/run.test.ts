import fs from 'node:fs'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { loadPipeline } from '../../src/config/load.js'
import type { HangupError } from '../../src/errors.js'
import { RunObserver } from '../../src/observability/observer.js'
import type { Snapshot } from '../../src/observability/snapshot.js'
import { runPipeline } from '../../src/pipeline/run.js'
import type { RunInput } from '../../src/pipeline/run-input.js'
import { readStore } from '../fault/store.js'
import { ndjson } from '../support/cli.js'
import { clientHalf, infoLine, sumOf, targetHalf } from '../support/lines.js'
import { temporaryDirectories } from './temporary.js'

const directory = temporaryDirectories()
const MINUTE = 60_000

const idOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

const REQUESTS = 6

/** Minutes of a gateway with six requests each second and a failure every ten, as text. */
function minutes(from: number, to: number): string {
  const lines: string[] = []
  for (let second = from * 60; second < to * 60; second++) {
    const at = second * 1_000
    for (let request = 0; request < REQUESTS; request++) {
      lines.push(infoLine({ at, correlationId: idOf(second * REQUESTS + request) }))
    }
    if (second % 10 !== 0) continue
    const correlationId = idOf(1_000_000 + second)
    lines.push(targetHalf({ at: at + 1, correlationId }), clientHalf({ at: at + 3, correlationId }))
  }
  return `${lines.join('\n')}\n`
}

/** A directory with one log, and runs on it in this process. */
class Place {
  readonly directory = directory()
  readonly log = path.join(this.directory, 'edgemicro-gw-1-1-api.log')
  readonly store = path.join(this.directory, 'store.duckdb')
  readonly problems: HangupError[] = []

  append(text: string): void {
    fs.appendFileSync(this.log, text)
  }

  get checkpointFile(): string {
    return path.join(this.directory, 'state', 'test.checkpoint')
  }

  get checkpoint() {
    return JSON.parse(fs.readFileSync(this.checkpointFile, 'utf8'))
  }

  run({ once = false, store = this.store, kind = 'tail', more = '' } = {}) {
    const yaml = `
      name: test
      source: { ${kind}: { paths: ${JSON.stringify(this.log)} } }
      sinks: [{ duckdb: { path: ${JSON.stringify(store)} } }, { stdout: { traffic: true } }]
      state: { directory: ${JSON.stringify(path.join(this.directory, 'state'))} }
      ${more}`
    const config = loadPipeline(yaml, { file: 'test.yaml', environment: {} })
    return this.start({ config, once })
  }

  start(input: Pick<RunInput, 'config' | 'once'>): Run {
    return new Run(input, (problem) => this.problems.push(problem))
  }
}

class Run {
  readonly #stop = new AbortController()
  readonly #stdout = new PassThrough()
  readonly ended: ReturnType<typeof runPipeline>
  readonly #observer = new RunObserver()
  #printed = ''
  #onPrint = (): void => {}

  constructor(input: Pick<RunInput, 'config' | 'once'>, onProblem: (problem: HangupError) => void) {
    this.#stdout.on('data', (chunk: Buffer) => {
      this.#printed += chunk.toString()
      this.#onPrint()
    })
    this.ended = runPipeline({
      ...input,
      proxies: [],
      machine: 'this-machine',
      stdin: Readable.from([]),
      stdout: this.#stdout,
      signal: this.#stop.signal,
      onProblem,
      onNotice: () => {},
      timing: { tickMs: 10, quietMs: 60 },
      observer: this.#observer,
    })
  }

  /** Resolves when something that a run before had stored has been read again. */
  replays(): Promise<void> {
    return this.#until(({ replayedBytes }) => replayedBytes > 0)
  }

  /** Resolves when a line has been read that no run before had stored. */
  reads(): Promise<void> {
    return this.#until(({ ledger }) => ledger.lines > 0)
  }

  /** Resolves when a position has been saved for which the condition holds. */
  savesPosition(holds: () => boolean): Promise<void> {
    return this.#until(({ checkpointSavedMs }) => checkpointSavedMs !== null && holds())
  }

  async #until(holds: (snapshot: Snapshot) => boolean): Promise<void> {
    while (!holds(this.#observer.snapshot)) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  /** Resolves when text of a document has been printed; rejects when the run ends before. */
  async prints(text: string): Promise<string> {
    const printed = new Promise<string>((resolve) => {
      this.#onPrint = () => {
        if (this.#printed.includes(text)) resolve(this.#printed)
      }
      this.#onPrint()
    })
    const ended = this.ended.then(() => {
      throw new Error(`the run ended and never printed ${text}`)
    })
    ended.catch(() => {})
    return Promise.race([printed, ended])
  }

  stop(): ReturnType<typeof runPipeline> {
    this.#stop.abort()
    return this.ended
  }
}

describe('a run to the end of the input', () => {
  test('stores each failure and each minute of traffic, and accounts for every line', async () => {
    const place = new Place()
    place.append(minutes(0, 15))
    const { ledger, losses, documents, range } = await place.run({ once: true }).ended
    const lines = 15 * 60 * REQUESTS + 2 * 90
    expect([ledger.lines, sumOf(ledger)]).toEqual([lines, lines])
    expect(losses).toEqual({ evicted: 0, late: 0 })
    expect(range?.maxMs).toBeGreaterThan(range?.minMs ?? 0)
    const { failures, traffic } = await readStore(place.store)
    expect([failures.length, traffic.length, documents]).toEqual([90, 15, 105])
    expect(new Set(failures.map(({ halves }) => halves))).toEqual(new Set(['both']))
    expect(traffic.map(({ requests }) => Number(requests))).toEqual(Array.from({ length: 15 }, () => 60 * REQUESTS))
  })

  test('changes nothing when it is repeated', async () => {
    const place = new Place()
    place.append(minutes(0, 15))
    await place.run({ once: true }).ended
    const before = await readStore(place.store)
    await place.run({ once: true }).ended
    expect(await readStore(place.store)).toEqual(before)
  })

  test('tells where nothing could be read, and leaves no checkpoint', async () => {
    const place = new Place()
    await expect(place.run({ once: true, kind: 'files' }).ended).rejects.toMatchObject({ code: 'input_not_found' })
    expect(fs.readdirSync(path.join(place.directory, 'state'))).toEqual(['redact.key'])
  })

  test('tells where Elasticsearch cannot be reached, and does not wait for it', async () => {
    const place = new Place()
    place.append(minutes(0, 1))
    const yaml = `{ source: { tail: { paths: ${place.directory} } }, sinks: [{ elasticsearch: { node: 'http://127.0.0.1:9' } }], state: { directory: ${place.directory}/state } }`
    const config = loadPipeline(yaml, { file: 'test.yaml', environment: {} })
    await expect(place.start({ config, once: true }).ended).rejects.toMatchObject({ code: 'store_unreachable' })
  })
})

describe('a run that follows its input', () => {
  test('gives a failure out as soon as both halves are there', async () => {
    const place = new Place()
    const run = place.run()
    place.append(minutes(0, 1))
    expect(await run.prints(idOf(1_000_050))).toContain('"halves":"both"')
    await run.stop()
    expect((await readStore(place.store)).failures).toHaveLength(6)
  })

  test('gives an orphan out when its source goes quiet, and completes it when the other half comes', async () => {
    const place = new Place()
    const run = place.run()
    place.append(`${targetHalf({ at: 0 })}\n`)
    expect(await run.prints('"halves":"target"')).toContain('"target":"10.0.0.9:8080"')
    place.append(`${clientHalf({ at: 2 })}\n`)
    await run.prints('"halves":"client"')
    await run.stop()
    expect((await readStore(place.store)).failures).toMatchObject([
      { halves: 'both', target: '10.0.0.9:8080', status_code: '502' },
    ])
  })

  test('is stored to the end of its input when that goes quiet, also behind the last open minute', async () => {
    const place = new Place()
    place.append(`${minutes(0, 1)}${targetHalf({ at: MINUTE })}\n`)
    const run = place.run()
    const { size } = fs.statSync(place.log)
    await run.savesPosition(() => place.checkpoint.files[0]?.storedThrough === size)
    expect(place.checkpoint.files).toMatchObject([{ floor: 0 }])
    await run.stop()
  })

  test('stores at a stop what is open, as it stands', async () => {
    const place = new Place()
    place.append(`${minutes(0, 1)}${targetHalf({ at: MINUTE })}\n`)
    const run = place.run()
    await run.prints(idOf(1_000_050))
    await run.stop()
    const { failures, traffic } = await readStore(place.store)
    expect(failures.filter(({ halves }) => halves === 'target')).toHaveLength(1)
    expect(traffic.map(({ requests }) => Number(requests))).toEqual([60 * REQUESTS])
    expect(place.checkpoint.files).toMatchObject([{ storedThrough: fs.statSync(place.log).size, floor: 0 }])
  })

  test('goes on where it stopped: what it stores is what one run stores', async () => {
    const place = new Place()
    const cuts = [0, 7, 19, 20, 31, 45]
    const stored: { storedThrough: number; floor: number }[] = []
    for (let index = 1; index < cuts.length; index++) {
      // The last line is cut by the stop and completed behind it.
      const text = minutes(cuts[index - 1], cuts[index])
      place.append(text.slice(0, -50))
      const run = place.run()
      await run.prints(idOf(1_000_000 + cuts[index] * 60 - 20))
      await run.stop()
      stored.push(...place.checkpoint.files)
      place.append(text.slice(-50))
    }
    const run = place.run()
    await run.reads()
    await run.stop()
    expect(stored.map(({ floor }) => floor)).toEqual(stored.map(({ floor }) => floor).sort((a, b) => a - b))
    expect(stored.at(-1)?.floor).toBeGreaterThan(0)
    const single = path.join(place.directory, 'single.duckdb')
    await place.run({ once: true, store: single }).ended
    expect(await readStore(place.store)).toEqual(await readStore(single))
    expect(place.problems).toEqual([])
  })

  test('does not spoil stored minutes when it is stopped early in a replay, again and again', async () => {
    const place = new Place()
    place.append(minutes(0, 40))
    const first = place.run()
    await first.prints(idOf(1_000_000 + 40 * 60 - 10))
    await first.stop()
    const before = await readStore(place.store)
    const { floorTimeMs } = place.checkpoint
    for (let restart = 0; restart < 4; restart++) {
      const replay = place.run()
      if (restart % 2 === 1) await replay.replays()
      await replay.stop()
      expect(place.checkpoint.floorTimeMs).toEqual(floorTimeMs)
    }
    expect(await readStore(place.store)).toEqual(before)
    place.append(minutes(40, 41))
    const last = place.run()
    const printed = await last.prints(idOf(1_000_000 + 41 * 60 - 10))
    await last.stop()
    // What is read again for the state alone is not stored again.
    expect(printed).not.toContain(idOf(1_000_000 + 40 * 60 - 20))
    const single = path.join(place.directory, 'single.duckdb')
    await place.run({ once: true, store: single }).ended
    expect(await readStore(place.store)).toEqual(await readStore(single))
  })

  test('ends at once where it is stopped before anything came, and throws nothing', async () => {
    const { ledger } = await new Place().run().stop()
    expect(ledger.lines).toBe(0)
  })

  test('ends with the error of a store that fails, and lets go of everything', async () => {
    const place = new Place()
    place.append(minutes(0, 1))
    fs.mkdirSync(place.store)
    await expect(place.run().ended).rejects.toMatchObject({ code: 'store_unreachable' })
    fs.rmdirSync(place.store)
    const run = place.run()
    await run.prints(idOf(1_000_050))
    await run.stop()
  })

  test('passes no letter that nobody has taken yet, holds up nothing for it, and tells it at a stop', async () => {
    const place = new Place()
    const bad = '2021-06-23T03:57:00.000Z [loud][a][3][o][e][u][][][][c][][GET][502][m][c][]\n'
    const before = minutes(0, 15)
    place.append(`${before}${bad}${minutes(15, 45)}`)
    const run = place.run({ more: "deadLetters: { kafka: { brokers: ['127.0.0.1:9'], topic: letters } }" })
    await run.prints(idOf(1_000_000 + 45 * 60 - 10))
    while (place.problems.length === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const stored = () => (fs.existsSync(place.checkpointFile) ? (place.checkpoint.files[0]?.storedThrough ?? 0) : 0)
    expect(stored()).toBeLessThanOrEqual(before.length)
    await expect(run.stop()).rejects.toMatchObject({ name: 'TransientError', code: 'broker_unreachable' })
    expect(stored()).toBeLessThanOrEqual(before.length)

    const next = place.run()
    await next.prints(idOf(1_000_000 + 45 * 60 - 10))
    await next.stop()
    expect(stored()).toBe(fs.statSync(place.log).size)
    const letters = ndjson(fs.readFileSync(path.join(place.directory, 'state', 'test.dead-letters.ndjson'), 'utf8'))
    expect(letters).toMatchObject([{ reason: 'bad_level', position: { offset: before.length } }])
  })

  test('ends when its dead letters cannot be kept, and its checkpoint has not moved', async () => {
    const place = new Place()
    place.append('2021-06-23T03:52:00.000Z [loud][a][3][o][e][u][][][][c][][GET][502][m][c][]\n')
    const run = place.run({ more: 'deadLetters: { path: /dev/full }' })
    await expect(run.ended).rejects.toMatchObject({ code: 'disk_full' })
    const checkpoint = path.join(place.directory, 'state', 'test.checkpoint')
    // One may have been saved before the line was read.
    if (fs.existsSync(checkpoint)) expect(JSON.parse(fs.readFileSync(checkpoint, 'utf8')).files).toEqual([])
  })
})
