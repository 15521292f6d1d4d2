import { type FileHandle, open } from 'node:fs/promises'
import { InputError } from '../errors.js'
import { readFully } from './read-fully.js'

/**
 * Files that are read by position, of which only the `limit` last used ones are open: thousands of files do not mean
 * thousands of descriptors. One read at a time.
 */
export class OpenFiles {
  /** In the order of their last use. */
  readonly #open = new Map<string, FileHandle>()
  /** `dev:inode` of every file at its first opening. */
  readonly #identities = new Map<string, string>()

  constructor(private readonly limit: number) {}

  /** Reads until the buffer is full or the file ends. Throws `InputError` for a file that was replaced since its first read. */
  async read(path: string, buffer: Uint8Array, position: number): Promise<number> {
    return readFully(await this.#use(path), buffer, position)
  }

  async close(path: string): Promise<void> {
    const handle = this.#open.get(path)
    this.#open.delete(path)
    await handle?.close()
  }

  async closeAll(): Promise<void> {
    for (const path of [...this.#open.keys()]) await this.close(path)
  }

  async #use(path: string): Promise<FileHandle> {
    const handle = this.#open.get(path) ?? (await this.#openFile(path))
    this.#open.delete(path)
    this.#open.set(path, handle)
    return handle
  }

  async #openFile(path: string): Promise<FileHandle> {
    for (const oldest of this.#open.keys()) {
      if (this.#open.size < this.limit) break
      await this.close(oldest)
    }
    const handle = await open(path, 'r')
    const { dev, ino } = await handle.stat()
    const identity = `${dev}:${ino}`
    const known = this.#identities.get(path) ?? identity
    if (known !== identity) {
      await handle.close()
      throw new InputError(`input was replaced while it was being read: ${path}`, {
        code: 'input_unreadable',
        hint: 'read it again, or follow live logs with a tail source',
      })
    }
    this.#identities.set(path, identity)
    return handle
  }
}
