import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once, setMaxListeners } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../fault/random.js'
import { type CliResult, finished, projectDirectory, Sandbox } from '../cli.js'
import { beginsAs, type CheckpointFile, DestroyedLogs, inodeAt, reached } from './destroyed-logs.js'
import { Following, type Numbers, type ToldLoss } from './following.js'
import { type Command, destroys, Logrotate, type Mode, writesCloses } from './rotation.js'

export interface TortureOptions {
  readonly random: Random
  readonly modes: readonly Mode[]
  readonly linesPerSecond: number
  /** Of so many requests one fails. */
  readonly failEvery?: number
  /** Sinks besides DuckDB, as YAML in one line each. */
  readonly moreSinks?: readonly string[]
  /** When files without lines give their descriptors back. */
  readonly closeIdle?: string
  /** No log is destroyed that hangup has not opened yet, or whose last cut it has not told yet. */
  readonly destroysWhatIsKnown?: boolean
}

/** Event time goes so much faster than ours, so that minutes close and replays begin in the middle of the logs. */
const SPEED = 40
const START_MS = Date.UTC(2026, 4, 28, 20)

/** What a store makes of its documents waits for up to a minute on a busy machine, and a checkpoint waits for that. */
const STORED_MS = 150_000

/** How often checkpoints are looked at. */
const LOOK_MS = 100

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
  readonly destroyed = new DestroyedLogs<Following>(() => this.readCheckpoint())
  /** What all processes of hangup have told of files that were cut, or are gone. */
  readonly losses: ToldLoss[] = []
  rotations = 0
  kills = 0
  readonly #looking = setInterval(() => this.destroyed.look(), LOOK_MS)

  private constructor(options: TortureOptions) {
    this.#options = options
    const { modes, moreSinks = [], closeIdle, linesPerSecond, failEvery = 9, random } = options
    const paths = modes.map((mode) => `${this.logsOf(mode)}/edgemicro-*${mode.paths === 'live' ? '-api.log' : ''}`)
    this.#pipeline = this.#sandbox.write('torture.yaml', pipelineOf({ paths, moreSinks, closeIdle, store: this.store }))
    const parameters = {
      directory: this.#sandbox.path('logs'),
      journal: this.journal,
      gateways: modes.map(({ name }) => name),
      // A gateway writes whole lines; what is cut between two writes of one, nobody can put together.
      inPieces: modes.filter(({ hasHole }) => !hasHole).map(({ name }) => name),
      writeCloses: modes.filter(writesCloses).map(({ name }) => name),
      failEvery,
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
    const { pid } = torture.#writer
    for (const mode of options.modes) {
      const { name, by } = mode
      if (typeof by === 'string') continue
      torture.#rotators.set(name, new Logrotate(torture.#sandbox.directory, torture.logsOf(mode), name, by, pid!))
    }
    return torture
  }

  logsOf({ name }: Mode): string {
    return this.#sandbox.path('logs', name)
  }

  /** What was told of the logs of one gateway. */
  lossesOf(mode: Mode): readonly ToldLoss[] {
    return this.losses.filter((loss) => loss.path.startsWith(`${this.logsOf(mode)}/`))
  }

  journalOf({ name }: Mode): string {
    const [journal] = fs.readdirSync(this.journal).filter((file) => file.startsWith(`edgemicro-${name}-u`))
    return path.join(this.journal, journal)
  }

  /** Rotates the log of one gateway in its way. */
  async rotate(mode: Mode): Promise<void> {
    const { name, by } = mode
    if (typeof by !== 'string') await this.#rotators.get(name)?.rotate()
    else if (!destroys(mode)) await this.#tell(by, name)
    else await this.#destroy(mode, by)
    this.rotations++
  }

  async #destroy(mode: Mode, by: Command): Promise<void> {
    const { name } = mode
    const live = newestOf(this.logsOf(mode)).path
    if (this.#options.destroysWhatIsKnown) await this.#isKnown(mode, live)
    const log = await this.#tell(by, name)
    const where = { name, journal: this.journalOf(mode) }
    if (by === 'truncate') this.destroyed.wasCut(where, log)
    else {
      this.destroyed.wasDeleted(where, log, await this.#holderOf(live, log.inode))
    }
  }

  async #isKnown(mode: Mode, live: string): Promise<void> {
    const inode = inodeAt(live)
    const isKnown = async (): Promise<boolean> =>
      mode.by === 'recreate'
        ? (await this.#holderOf(live, inode)) !== null
        : this.#isSeen(live) && this.#hasTold(live, this.destroyed.of(mode.name).length)
    while (!(await isKnown())) {
      if (this.#running.size === 0) throw new Error('hangup ended')
      await sleep(20)
    }
  }

  /** Null where none keeps the file open that is, or was, at this path. */
  async #holderOf(file: string, inode: string): Promise<Following | null> {
    for (const following of this.#running) if (await following.keeps(file, inode)) return following
    return null
  }

  #hasTold(live: string, losses: number): boolean {
    return [...this.#running].some(
      (following) => following.losses.filter(({ path }) => path === live).length === losses,
    )
  }

  /** Of a log that is cut again before anybody has seen a line of it, nobody can tell that. */
  #isSeen(live: string): boolean {
    return this.readCheckpoint().some(({ path: known, identity }) => known === live && beginsAs(live, identity))
  }

  /** What the gateway itself does; resolves to its answer. */
  async #tell(what: Command | 'stop', name?: string) {
    this.#writer.stdin.write(`${JSON.stringify({ what, name })}\n`)
    const { value } = await this.#written.next()
    return JSON.parse(value)
  }

  /** Rotates all logs at random moments, about `meanMs` apart for each, until the signal aborts. */
  async rotateUntil(signal: AbortSignal, meanMs: number): Promise<void> {
    setMaxListeners(0, signal)
    await Promise.all(
      this.#options.modes.map(async (mode) => {
        while (!signal.aborted) {
          const { pace = 1 } = mode
          await sleep(this.#options.random.between(0, 2 * meanMs * pace), undefined, { signal }).catch(() => {})
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
      this.losses.push(...following.losses)
      this.#running.delete(following)
      return result
    })
    const following = new Following(child, ended)
    this.#running.add(following)
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
      this.destroyed.wasKilled(following)
      this.kills++
      if (signal.aborted) return
      if (random.between(0, 3) === 0) await sleep(random.between(0, 2_000))
    }
  }

  /** Ends the writing; resolves to what was written by each gateway. */
  async stopWriting(): Promise<Readonly<Record<string, { readonly lines: number; readonly bytes: number }>>> {
    const closed = once(this.#writer, 'close')
    const written = await this.#tell('stop')
    await closed
    return written
  }

  /** Reads all that is left and stops cleanly; resolves to what the process said and counted. */
  async readToTheEnd(following = this.follow()): Promise<CliResult & { readonly numbers: Numbers | null }> {
    const deadlineMs = performance.now() + STORED_MS
    let hasEnded = false
    const ended = following.ended.then(() => {
      hasEnded = true
    })
    while (!this.isAllStored() && !hasEnded && performance.now() < deadlineMs) await Promise.race([sleep(100), ended])
    if (!this.isAllStored()) {
      const unstored = this.readCheckpoint().filter((file) => reached(file) > file.storedThrough)
      process.stderr.write(`not stored: ${JSON.stringify(unstored)}\n`)
    }
    const numbers = hasEnded ? null : await following.numbers()
    following.child.kill('SIGTERM')
    return { ...(await following.ended), numbers }
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
  async onePass(name: string, logs: string, moreSinks: readonly string[] = []): Promise<string> {
    const store = this.#sandbox.path(`${name}.duckdb`)
    const state = this.#sandbox.path(`state-${name}`)
    fs.mkdirSync(state)
    fs.copyFileSync(this.#sandbox.path('state', 'redact.key'), path.join(state, 'redact.key'))
    const pipeline = this.#sandbox.write(`${name}.yaml`, pipelineOf({ paths: [logs], store, moreSinks }))
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
    clearInterval(this.#looking)
    for (const { child } of this.#running) child.kill('SIGKILL')
    await Promise.all([...this.#running].map(({ ended }) => ended))
    if (this.#writer.exitCode === null && this.#writer.kill('SIGKILL')) await once(this.#writer, 'close')
    this.#sandbox.remove()
  }

  get #environment(): Record<string, string> {
    return { HANGUP_STATE: this.#sandbox.path('state') }
  }
}

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
