import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { HangupError, PermanentError, systemCode } from '../errors.js'
import { StateLock } from '../pipeline/state-lock.js'

/**
 * A DuckDB file that is made anew under a name of its own, and takes the place of the one before only when it is whole:
 * until then, and where it never comes to that, the one before stays. One process at a time makes it.
 */
export class FreshStore {
  /** Where to make it. */
  readonly temporaryPath: string

  private constructor(
    readonly path: string,
    private readonly lock: StateLock,
  ) {
    this.temporaryPath = `${path}.new`
  }

  /** Throws `PermanentError`: `state_locked` while another process makes it, `state_unusable`, `disk_full`. */
  static async begin(file: string): Promise<FreshStore> {
    const directory = path.dirname(file)
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const store = new FreshStore(file, await StateLock.acquire(`${file}.lock`))
      await store.#removeTemporary()
      return store
    } catch (error) {
      throw stateError(directory, error)
    }
  }

  /** Puts the new file in the place of the old one. Nobody may have the new one open. */
  async replace(): Promise<void> {
    try {
      // What a crash left of the old file's log is none of the new one's.
      await rm(walOf(this.path), { force: true })
      await rename(this.temporaryPath, this.path)
    } catch (error) {
      throw stateError(path.dirname(this.path), error)
    }
  }

  /** Removes what is not in its place, and lets others begin. */
  async end(): Promise<void> {
    await this.#removeTemporary()
    await this.lock.release()
  }

  async #removeTemporary(): Promise<void> {
    for (const file of [this.temporaryPath, walOf(this.temporaryPath)]) await rm(file, { force: true })
  }
}

/** DuckDB's write-ahead log. */
function walOf(file: string): string {
  return `${file}.wal`
}

function stateError(directory: string, error: unknown): unknown {
  const code = systemCode(error)
  if (error instanceof HangupError || code === undefined) return error
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'make room and start again: the store of the last time is still there'
    return new PermanentError(`disk is full: ${directory}`, { code: 'disk_full', hint, cause: error })
  }
  return new PermanentError(`state cannot be kept (${code}): ${directory}`, {
    code: 'state_unusable',
    hint: 'choose a writable state directory with --state DIR or HANGUP_STATE',
    cause: error,
  })
}
