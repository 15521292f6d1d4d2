import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PermanentError, systemCode } from '../../errors.js'
import type { DeadLetter } from '../../records.js'

type FileHandle = Awaited<ReturnType<typeof open>>

/**
 * A file of the letters that are left after a replay, readable by its owner only. It takes its place when it is whole, and
 * takes that of an older one; a replay that fails leaves nothing behind. Throws `PermanentError` (`disk_full`,
 * `state_unusable`).
 */
export class RemainingLetters {
  readonly #temporary: string
  #file: FileHandle | null = null
  #isKept = false

  constructor(private readonly path: string) {
    this.#temporary = `${path}.part`
  }

  add(letters: readonly DeadLetter[]): Promise<void> {
    return this.#doing(async (file) => {
      await file.appendFile(letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''))
    })
  }

  /** Nothing more comes; the file is made also where no letter is left. */
  keep(): Promise<void> {
    return this.#doing(async (file) => {
      await file.sync()
      await rename(this.#temporary, this.path)
      this.#isKept = true
    })
  }

  async close(): Promise<void> {
    if (this.#file === null) return
    await this.#file.close()
    this.#file = null
    if (!this.#isKept) await rm(this.#temporary, { force: true })
  }

  async #doing(work: (file: FileHandle) => Promise<void>): Promise<void> {
    try {
      this.#file ??= await this.#open()
      await work(this.#file)
    } catch (error) {
      const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')
      throw new PermanentError(`cannot write what is left: ${this.path}${isFull ? ' (disk full)' : ''}`, {
        code: isFull ? 'disk_full' : 'state_unusable',
        hint: 'give a writable file with --remaining, and replay again: that changes nothing in the stores',
        cause: error,
      })
    }
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true })
    await rm(this.#temporary, { force: true })
    return open(this.#temporary, 'wx', 0o600)
  }
}
