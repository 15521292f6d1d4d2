import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { type CliResult, finished, Sandbox } from '../support/cli.js'

export type Rows = readonly Readonly<Record<string, unknown>>[]

/** All that a store holds, in an order that depends on nothing else. */
export interface StoreContents {
  readonly failures: Rows
  readonly traffic: Rows
}

/** Reads a store that no process has open. */
export async function readStore(file: string): Promise<StoreContents> {
  const instance = await DuckDBInstance.create(file)
  const connection = await instance.connect()
  const all = async (table: string): Promise<Rows> => {
    const reader = await connection.runAndReadAll(`SELECT * FROM ${table} ORDER BY id`)
    return reader.getRowObjectsJson()
  }
  try {
    return { failures: await all('failures'), traffic: await all('traffic') }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** A directory with logs, state and store, and `hangup run` of the shipped pipeline on them. */
export class Host {
  readonly #sandbox = new Sandbox()
  readonly logs: string
  readonly state: string
  readonly store: string

  constructor() {
    this.logs = this.#sandbox.path('logs')
    this.state = this.#sandbox.path('state')
    this.store = this.#sandbox.path('hangup.duckdb')
    fs.mkdirSync(this.logs)
  }

  path(...parts: string[]): string {
    return this.#sandbox.path(...parts)
  }

  get checkpointFile(): string {
    return path.join(this.state, 'tail-to-duckdb.checkpoint')
  }

  get deadLetterFile(): string {
    return path.join(this.state, 'tail-to-duckdb.dead-letters.ndjson')
  }

  readCheckpoint(): Checkpoint | null {
    if (!fs.existsSync(this.checkpointFile)) return null
    return JSON.parse(fs.readFileSync(this.checkpointFile, 'utf8'))
  }

  /** Starts following the logs. */
  follow(options: readonly string[] = []): Following {
    const commandLine = ['run', PIPELINE, ...options]
    const child = this.#sandbox.start(commandLine, { environment: this.#environment })
    return new Following(child, finished(child, commandLine, 120_000))
  }

  /** Follows the logs until all that is written of them is stored, with stops in between. */
  async followToEnd(): Promise<void> {
    for (let stops = 0; !this.isAllStored(); stops++) {
      if (stops === 20) throw new Error('the logs are not stored after 20 runs')
      const following = this.follow()
      await following.says('started')
      await sleep(500 + 250 * stops)
      const { code, stderr } = await following.stop()
      if (code !== 143) throw new Error(`stopped with ${code}: ${stderr}`)
    }
  }

  /** True where the checkpoint says of every log that all of it is in the store. */
  isAllStored(): boolean {
    const written = fs.readdirSync(this.logs).map((name) => fs.statSync(path.join(this.logs, name)).size)
    return storedIn(this.checkpointFile) === written.reduce((sum, size) => sum + size, 0)
  }

  /** What a single pass over all logs gives, in a store of its own, with the same key. */
  async singlePass(): Promise<StoreContents> {
    const state = this.path('single-pass')
    const store = path.join(state, 'store.duckdb')
    fs.mkdirSync(state)
    fs.copyFileSync(path.join(this.state, 'redact.key'), path.join(state, 'redact.key'))
    const { code, stderr } = await this.#sandbox.hangup(['run', PIPELINE, '--once'], {
      environment: { ...this.#environment, HANGUP_STATE: state, HANGUP_STORE: store },
      timeoutMs: 60_000,
    })
    if (code !== 0) throw new Error(`the single pass failed: ${stderr}`)
    return readStore(store)
  }

  remove(): void {
    this.#sandbox.remove()
  }

  get #environment(): Record<string, string> {
    return { LOGS: path.join(this.logs, 'edgemicro-*'), HANGUP_STATE: this.state, HANGUP_STORE: this.store }
  }
}

export const PIPELINE = path.resolve('pipelines/tail-to-duckdb.yaml')

/** Bytes of all logs that a checkpoint says are stored for good; 0 where there is none. */
export function storedIn(checkpointFile: string): number {
  if (!fs.existsSync(checkpointFile)) return 0
  const { files }: Checkpoint = JSON.parse(fs.readFileSync(checkpointFile, 'utf8'))
  return files.reduce((sum, { storedThrough }) => sum + storedThrough, 0)
}

interface Checkpoint {
  readonly files: readonly {
    readonly path: string
    readonly storedThrough: number
    readonly floor: number
  }[]
  readonly floorTimeMs: Readonly<Record<string, number>>
}

/** A process that follows logs. */
export class Following {
  #messages = ''

  constructor(
    private readonly child: ReturnType<Sandbox['start']>,
    /** Resolves when it has ended. */
    readonly ended: Promise<CliResult>,
  ) {
    child.stderr.on('data', (chunk: Buffer) => {
      this.#messages += chunk.toString()
    })
  }

  /** Resolves when it has said so; rejects when it ends without. */
  async says(text: string): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#messages.includes(text)) resolve()
      }
      this.child.stderr.on('data', look)
      look()
    })
    const silent = this.ended.then(({ code, stderr }) => {
      if (!stderr.includes(text)) throw new Error(`ended with ${code} and never said "${text}": ${stderr}`)
    })
    await Promise.race([said, silent])
  }

  async kill(): Promise<CliResult> {
    this.child.kill('SIGKILL')
    return this.ended
  }

  async stop(): Promise<CliResult> {
    this.child.kill('SIGTERM')
    return this.ended
  }
}
