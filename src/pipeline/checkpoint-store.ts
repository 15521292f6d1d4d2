import { access, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { HangupError, PermanentError, systemCode } from '../errors.js'
import type { FileCheckpoint } from '../sources/tail/file-checkpoint.js'
import { StateLock } from './state-lock.js'

const VERSION = 2 as const

/** Where a pipeline goes on after a stop. Saved only when every sink holds what lies before it. */
export interface Checkpoint {
  readonly version: 2
  readonly pipeline: string
  /** By partition: event time from which state must be rebuilt, in milliseconds since the epoch. */
  readonly floorTimeMs: Readonly<Record<string, number>>
  readonly files: readonly FileCheckpoint[]
}

const byteOffset = z.number().int().nonnegative()

/** Version 1 had neither `trail` nor `ended`. */
const version = z.union([z.literal(1), z.literal(VERSION)]).transform(() => VERSION)

const checkpointSchema = z.strictObject({
  version,
  pipeline: z.string(),
  floorTimeMs: z.record(z.string(), z.number()),
  files: z.array(
    z.strictObject({
      identity: z.string(),
      path: z.string(),
      partition: z.string(),
      storedThrough: byteOffset,
      floor: byteOffset,
      trail: z.string().optional(),
      ended: z.boolean().optional(),
    }),
  ),
}) satisfies z.ZodType<Checkpoint>

export interface CheckpointStoreOptions {
  /** Made where it is missing. */
  readonly directory: string
  readonly pipelineName: string
  /** Told of a checkpoint that cannot be used and was set aside. */
  readonly onProblem: (problem: HangupError) => void
}

/**
 * The checkpoint of one pipeline, `<name>.checkpoint` in the state directory. Only one process at a time has it open.
 * A save is atomic: after a crash or a power failure either the old checkpoint is there or the new one.
 */
export class CheckpointStore {
  readonly #options: CheckpointStoreOptions
  readonly #lock: StateLock
  #lastSave: Promise<void> = Promise.resolve()
  #wasDamaged = false

  private constructor(options: CheckpointStoreOptions, lock: StateLock) {
    this.#options = options
    this.#lock = lock
  }

  /**
   * Locks the pipeline's state. Throws `PermanentError`: `state_locked`
   * where a living process has it, `state_unusable` where the directory cannot be written to, `disk_full`.
   */
  static async open(options: CheckpointStoreOptions): Promise<CheckpointStore> {
    const { directory, pipelineName } = options
    try {
      await mkdir(directory, { recursive: true })
      const lock = await StateLock.acquire(join(directory, `${fileNameOf(pipelineName)}.lock`))
      return new CheckpointStore(options, lock)
    } catch (error) {
      throw stateError(directory, error)
    }
  }

  /** A checkpoint was set aside by `load`: it is not known what was read. */
  get wasDamaged(): boolean {
    return this.#wasDamaged
  }

  get path(): string {
    const { directory, pipelineName } = this.#options
    return join(directory, `${fileNameOf(pipelineName)}.checkpoint`)
  }

  /**
   * The saved checkpoint, or null where there is none. One that is damaged is set aside as
   * `<name>.checkpoint.corrupt-<n>`, told of, and counts as none; one of a newer version is left and throws.
   */
  async load(): Promise<Checkpoint | null> {
    const text = await this.#readText()
    if (text === null) return null
    const content = parseJson(text)
    const version = z.object({ version: z.number().int().gt(VERSION) }).safeParse(content)
    if (version.success) throw newerVersion(this.path)
    const parsed = checkpointSchema.safeParse(content)
    if (parsed.success && parsed.data.pipeline === this.#options.pipelineName) return parsed.data
    await this.#setAside()
    return null
  }

  /** Resolves once the checkpoint is on disk. Saves take effect in the order of the calls. */
  save(checkpoint: Checkpoint): Promise<void> {
    const saved = this.#lastSave.then(() => this.#write(`${JSON.stringify(checkpoint)}\n`))
    this.#lastSave = saved.catch(() => {})
    return saved
  }

  /** Waits for saves under way and gives up the lock. */
  async close(): Promise<void> {
    await this.#lastSave
    await this.#lock.release()
  }

  async #readText(): Promise<string | null> {
    try {
      return await readFile(this.path, 'utf8')
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null
      throw stateError(this.path, error)
    }
  }

  async #write(text: string): Promise<void> {
    const temporary = `${this.path}.tmp`
    try {
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.path)
      await syncDirectory(this.#options.directory)
    } catch (error) {
      throw stateError(this.path, error)
    }
  }

  async #setAside(): Promise<void> {
    this.#wasDamaged = true
    const aside = await firstFreeName(`${this.path}.corrupt-`)
    await rename(this.path, aside).catch((error) => {
      throw stateError(this.path, error)
    })
    this.#options.onProblem(
      new HangupError(`checkpoint is damaged and was set aside: ${aside}`, {
        code: 'checkpoint_corrupt',
        hint: 'all logs are read from their beginning, whatever source.tail.start says; results that are stored already do not change',
      }),
    )
  }
}

/** Keeps the names of pipelines apart and inside the directory, whatever stands in them. */
function fileNameOf(pipeline: string): string {
  return encodeURIComponent(pipeline).replace(/^\.+/, (dots) => '%2E'.repeat(dots.length))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A rename is on disk only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function firstFreeName(prefix: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${prefix}${number}`
    const free = await access(name).then(
      () => false,
      () => true,
    )
    if (free) return name
  }
}

function newerVersion(path: string): PermanentError {
  return new PermanentError(`checkpoint was written by a newer version: ${path}`, {
    code: 'state_unusable',
    hint: 'run the newer version, or remove the file to read the input from where the pipeline starts it',
  })
}

function stateError(subject: string, error: unknown): unknown {
  const code = systemCode(error)
  if (error instanceof HangupError || code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PermanentError(`disk is full: ${subject}`, {
      code: 'disk_full',
      hint: 'make room and start again: reading goes on from the last checkpoint that was saved',
      cause: error,
    })
  }
  return new PermanentError(`state cannot be kept (${code}): ${subject}`, {
    code: 'state_unusable',
    hint: 'give a directory that can be written to: state.directory in the pipeline file',
    cause: error,
  })
}
