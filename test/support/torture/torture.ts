import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../fault/random.js'
import { type CliResult, finished, projectDirectory, Sandbox, told } from '../cli.js'
import { Logrotate, type Mode } from './rotation.js'

export interface TortureOptions {
  readonly random: Random
  readonly modes: readonly Mode[]
  readonly linesPerSecond: number
  /** Sinks besides DuckDB, as YAML in one line each. */
  readonly moreSinks?: readonly string[]
  /** When files without lines give their descriptors back. */
  readonly closeIdle?: string
}

/** Event time goes so much faster than ours, so that minutes close and replays begin in the middle of the logs. */
const SPEED = 40
const START_MS = Date.UTC(2026, 4, 28, 20)

/** A host whose gateways write all the time, whose rotator rotates their logs, and whose hangup is killed and started again. */
export class Torture {
  readonly #sandbox = new Sandbox()
  readonly #options: TortureOptions
  readonly #writer: ChildProcessWithoutNullStreams
  readonly #written: AsyncIterableIterator<string>
  readonly #running = new Set<Following>()
  readonly #rotators = new Map<string, Logrotate>()
  readonly journal = this.#sandbox.path('journal')
  readonly store = this.#sandbox.path('store.duckdb')
  readonly checkpointFile = this.#sandbox.path('state', 'torture.checkpoint')
  readonly #pipeline: string
  /** What all processes of hangup have told of cuts, by the path of the file. */
  readonly cuts: string[] = []
  /** All that they have said. */
  said = ''
  rotations = 0
  kills = 0

  private constructor(options: TortureOptions) {
    this.#options = options
    const { modes, moreSinks = [], closeIdle, linesPerSecond, random } = options
    const paths = modes.map((mode) => `${this.logsOf(mode)}/edgemicro-*${mode.paths === 'live' ? '-api.log' : ''}`)
    this.#pipeline = this.#sandbox.write('torture.yaml', pipelineOf({ paths, moreSinks, closeIdle, store: this.store }))
    const parameters = {
      directory: this.#sandbox.path('logs'),
      journal: this.journal,
      gateways: modes.map(({ name }) => name),
      // A gateway writes whole lines; what is cut between two writes of one, nobody can put together.
      inPieces: modes.filter(({ hasHole }) => !hasHole).map(({ name }) => name),
      linesPerSecond,
      speed: SPEED,
      startMs: START_MS,
      seed: random.between(1, 1_000_000),
    }
    const script = path.join(projectDirectory, 'test/support/torture/writer.mjs')
    this.#writer = spawn(process.execPath, [script, JSON.stringify(parameters)])
    this.#writer.stderr.pipe(process.stderr)
    this.#written = readline.createInterface({ input: this.#writer.stdout })[Symbol.asyncIterator]()
  }

  static async start(options: TortureOptions): Promise<Torture> {
    const torture = new Torture(options)
    if ((await torture.#written.next()).value !== 'ready') throw new Error('the writer does not write')
    for (const mode of options.modes) {
      const rotator = new Logrotate(torture.#sandbox.directory, torture.logsOf(mode), mode, torture.#writer.pid!)
      torture.#rotators.set(mode.name, rotator)
    }
    return torture
  }

  logsOf({ name }: Mode): string {
    return this.#sandbox.path('logs', name)
  }

  /** Rotates the log of one gateway in its way. */
  async rotate(mode: Mode): Promise<void> {
    if (mode.directives === null) this.tell('next', mode)
    else await this.#rotators.get(mode.name)?.rotate()
    this.rotations++
  }

  /** What the gateway itself does: `next`, `recreate` or `truncate`. */
  tell(what: string, { name }: Mode): void {
    this.#writer.stdin.write(`${JSON.stringify({ what, name })}\n`)
  }

  /** Rotates all logs at random moments, about `meanMs` apart for each, until the signal aborts. */
  async rotateUntil(signal: AbortSignal, meanMs: number): Promise<void> {
    await Promise.all(
      this.#options.modes.map(async (mode) => {
        while (!signal.aborted) {
          await sleep(this.#options.random.between(0, 2 * meanMs), undefined, { signal }).catch(() => {})
          if (!signal.aborted) await this.rotate(mode)
        }
      }),
    )
  }

  /** Starts hangup. */
  follow(): Following {
    const commandLine = ['run', this.#pipeline, '--debug']
    const child = this.#sandbox.start(commandLine, { environment: this.#environment })
    const ended = finished(child, commandLine, 3_600_000).then((result) => {
      this.said += result.stderr
      for (const [, cut] of result.stderr.matchAll(/file was cut while it was followed: ([^"]+)/g)) this.cuts.push(cut)
      return result
    })
    const following = new Following(child, ended)
    this.#running.add(following)
    void ended.then(() => this.#running.delete(following))
    return following
  }

  /** Starts hangup for the first time; resolves when all gateways have a log in its checkpoint: what it never saw it need not find. */
  async begin(): Promise<Following> {
    const following = this.follow()
    const { modes } = this.#options
    while (
      !modes.every((mode) => this.readCheckpoint().some((file) => file.path.startsWith(`${this.logsOf(mode)}/`)))
    ) {
      if (following.child.exitCode !== null) throw new Error(`hangup ended: ${(await following.ended).stderr}`)
      await sleep(20)
    }
    return following
  }

  /** Starts and kills hangup at random moments until the signal aborts. */
  async killUntil(signal: AbortSignal, first: Following, [fromMs, toMs]: readonly [number, number]): Promise<void> {
    const { random } = this.#options
    for (let following = first; ; following = this.follow()) {
      await sleep(random.between(fromMs, toMs), undefined, { signal }).catch(() => {})
      following.child.kill('SIGKILL')
      await following.ended
      this.kills++
      if (signal.aborted) return
      if (random.between(0, 3) === 0) await sleep(random.between(0, 2_000))
    }
  }

  /** Ends the writing; resolves to what was written by each gateway. */
  async stopWriting(): Promise<Readonly<Record<string, { readonly lines: number; readonly bytes: number }>>> {
    this.#writer.stdin.write(`${JSON.stringify({ what: 'stop' })}\n`)
    const { value } = await this.#written.next()
    await once(this.#writer, 'close')
    return JSON.parse(value)
  }

  /** Reads all that is left and stops cleanly; resolves to what the process said. */
  async readToTheEnd(following = this.follow()): Promise<CliResult> {
    const deadlineMs = performance.now() + 60_000
    let hasEnded = false
    const ended = following.ended.then(() => {
      hasEnded = true
    })
    while (!this.isAllStored() && !hasEnded && performance.now() < deadlineMs) await Promise.race([sleep(100), ended])
    if (!this.isAllStored()) process.stderr.write(`not stored: ${JSON.stringify(this.readCheckpoint())}\n`)
    following.child.kill('SIGTERM')
    return following.ended
  }

  /** True where the checkpoint says of every log that is there that all of it is in the store. */
  isAllStored(): boolean {
    const files = this.readCheckpoint()
    const live = this.#options.modes.map((mode) => newestOf(this.logsOf(mode)))
    return (
      live.every(
        ({ path: known, size }) =>
          size === 0 ||
          files.some((file) => file.path === known && file.storedThrough === size && reached(file) === size),
      ) && files.every((file) => reached(file) <= file.storedThrough)
    )
  }

  readCheckpoint(): readonly CheckpointFile[] {
    if (!fs.existsSync(this.checkpointFile)) return []
    return JSON.parse(fs.readFileSync(this.checkpointFile, 'utf8')).files
  }

  /** One pass over files, with the same key; resolves to the store. */
  async onePass(name: string, logs: string): Promise<string> {
    const store = this.#sandbox.path(`${name}.duckdb`)
    const state = this.#sandbox.path(`state-${name}`)
    fs.mkdirSync(state)
    fs.copyFileSync(this.#sandbox.path('state', 'redact.key'), path.join(state, 'redact.key'))
    const pipeline = this.#sandbox.write(`${name}.yaml`, pipelineOf({ paths: [logs], store }))
    const environment = { HANGUP_STATE: state }
    const { code, stderr } = await this.#sandbox.hangup(['run', pipeline, '--once'], {
      environment,
      timeoutMs: 300_000,
    })
    if (code !== 0) throw new Error(`the single pass failed: ${stderr}`)
    return store
  }

  /** The same over a text, as a log of that name. */
  onePassOver(name: string, log: string, text: string): Promise<string> {
    return this.onePass(name, this.#sandbox.write(path.join(name, log), text))
  }

  async remove(): Promise<void> {
    for (const { child } of this.#running) child.kill('SIGKILL')
    await Promise.all([...this.#running].map(({ ended }) => ended))
    if (this.#writer.exitCode === null && this.#writer.kill('SIGKILL')) await once(this.#writer, 'close')
    this.#sandbox.remove()
  }

  get #environment(): Record<string, string> {
    return { HANGUP_STATE: this.#sandbox.path('state') }
  }
}

interface CheckpointFile {
  readonly path: string
  readonly storedThrough: number
  readonly trail?: string
}

const reached = ({ trail = '0' }: CheckpointFile): number => Number(trail.split(':')[0])

/** The file that a gateway writes to: of its own rotations the last. */
function newestOf(directory: string): { readonly path: string; readonly size: number } {
  const numberOf = (name: string): number => Number(/-(\d+)-api\.log$/.exec(name)?.[1] ?? 0)
  const [newest] = fs
    .readdirSync(directory)
    .filter((name) => name.endsWith('-api.log'))
    .sort((one, other) => numberOf(other) - numberOf(one))
  const file = path.join(directory, newest)
  return { path: file, size: fs.statSync(file).size }
}

/** A process of hangup whose numbers can be asked for. */
export class Following {
  readonly #url: Promise<string>

  constructor(
    readonly child: ReturnType<Sandbox['start']>,
    readonly ended: Promise<CliResult>,
  ) {
    this.#url = told(child, /"url":"([^"]+)","msg":"serving metrics/)
    this.#url.catch(() => {})
  }

  /** The sum of one metric over its labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${await this.#url}/metrics`)).text()
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) =>
      Number(value),
    )
    return values.reduce((sum, value) => sum + value, 0)
  }
}

function pipelineOf({
  paths,
  store,
  moreSinks = [],
  closeIdle = '5m',
}: {
  paths: readonly string[]
  store: string
  moreSinks?: readonly string[]
  closeIdle?: string
}): string {
  return `name: torture
source: { tail: { paths: ${JSON.stringify(paths)}, rotateWait: 2s, closeIdle: ${closeIdle} } }
sinks:
  - duckdb: { path: ${JSON.stringify(store)} }
${moreSinks.map((sink) => `  - ${sink}\n`).join('')}state: { directory: "\${HANGUP_STATE}" }
http: { listen: "127.0.0.1:0" }
`
}
