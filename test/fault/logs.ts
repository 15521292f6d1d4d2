import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import zlib from 'node:zlib'
import { projectDirectory } from '../support/cli.js'
import type { Random } from './random.js'

const CORPUS = path.join(projectDirectory, 'test/fixtures/corpus')

/** A file that the gateway will write. */
export interface FutureLog {
  readonly name: string
  readonly bytes: Buffer
}

/** Names of all runs of the corpus. */
export function corpusRuns(): string[] {
  return fs
    .readdirSync(CORPUS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
}

/** The logs of one run of the corpus, in the order in which the gateway wrote them; one of its console by the name of the run. */
export function corpusLogs(run: string): FutureLog[] {
  const directory = path.join(CORPUS, run)
  return fs
    .readdirSync(directory)
    .filter((name) => /^(edgemicro-.*\.log|console\.txt)\.gz$/.test(name))
    .sort()
    .map((name) => ({
      name: name.startsWith('console') ? `edgemicro-${run}.log` : name.slice(0, -'.gz'.length),
      bytes: zlib.gunzipSync(fs.readFileSync(path.join(directory, name))),
    }))
}

/**
 * One log made long: its lines again and again, each time later and with other correlation ids, so that event time goes
 * on for longer than evidence reaches back and a replay begins in the middle of the file.
 */
export function stretched(
  { name, bytes }: FutureLog,
  { times, everyMs }: { times: number; everyMs: number },
): FutureLog {
  const text = bytes.toString('latin1')
  const parts: string[] = []
  for (let time = 0; time < times; time++) {
    const prefix = time.toString(16).padStart(4, '0')
    parts.push(
      text
        .replace(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z/gm, (written) =>
          new Date(Date.parse(written) + time * everyMs).toISOString(),
        )
        .replace(/\[[0-9a-f]{4}([0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\])/g, `[${prefix}$1`),
    )
  }
  return { name, bytes: Buffer.from(parts.join(''), 'latin1') }
}

/** Cuts a log into the files that the gateway writes one after another when it rotates: `…-1-api.log`, `…-2-api.log`. */
export function inRotations({ name, bytes }: FutureLog, count: number): FutureLog[] {
  const logs: FutureLog[] = []
  let from = 0
  for (let number = 1; number <= count; number++) {
    const wanted = Math.floor((bytes.length * number) / count)
    const to = number === count ? bytes.length : bytes.indexOf('\n', wanted) + 1
    logs.push({ name: name.replace(/-\d+-api\.log$/, `-${number}-api.log`), bytes: bytes.subarray(from, to) })
    from = to
  }
  return logs
}

export interface WriteOptions {
  readonly directory: string
  readonly random: Random
  /** About how long the writing takes. */
  readonly durationMs: number
  /** Between two pieces; 20 if absent. */
  readonly pauseMs?: number
  readonly signal?: AbortSignal
  /** From its abort on, the rest is written without a pause. */
  readonly hurry?: AbortSignal
}

/** Writes logs one after another as a gateway does: in pieces that end anywhere, also in the middle of a line. */
export async function writeSlowly(logs: readonly FutureLog[], options: WriteOptions): Promise<void> {
  const { directory, random, durationMs, pauseMs = 20, signal, hurry } = options
  const total = logs.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const mean = Math.max(1, Math.ceil((total * pauseMs) / durationMs))
  for (const { name, bytes } of logs) {
    const file = path.join(directory, name)
    fs.appendFileSync(file, '')
    for (let from = 0; from < bytes.length; ) {
      const to = hurry?.aborted ? bytes.length : Math.min(bytes.length, from + random.between(1, 2 * mean))
      fs.appendFileSync(file, bytes.subarray(from, to))
      from = to
      await sleep(pauseMs, undefined, { signal })
    }
  }
}

/** What a log rotator does: the live file gets another name, and the next one takes its own. */
export async function writeWithRenames(logs: readonly FutureLog[], live: string, options: WriteOptions): Promise<void> {
  const durationMs = options.durationMs / logs.length
  for (const [index, { bytes }] of logs.entries()) {
    await writeSlowly([{ name: live, bytes }], { ...options, durationMs })
    if (index === logs.length - 1) return
    for (let age = index; age >= 0; age--) {
      const from = path.join(options.directory, age === 0 ? live : `${live}.${age}`)
      fs.renameSync(from, path.join(options.directory, `${live}.${age + 1}`))
    }
  }
}

/** Logs of eight gateway processes on two hosts: some 20,000 lines and 2,000 failures of half an hour at most. */
export function smallFleetLogs({ hostile = true }: { readonly hostile?: boolean } = {}): FutureLog[] {
  return [
    ...(hostile ? ['f-337-106', 'f-316-112'] : []).map((run) => several(run, 2)),
    ...['c-337-pcap-105', 'c-316-109'].map((run) => several(run, 2)),
    ...['i-337-b-warn-113', 'i-337-c-error-116', 'i-316-c-warn-114', 'i-316-b-error-118'].map((run) =>
      several(run, 10),
    ),
  ]
}

const several = (run: string, times: number): FutureLog => stretched(corpusLogs(run)[0], { times, everyMs: 80_000 })
