import { type BigIntStats, fstatSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { inodeName } from './file-identity.js'
import type { LogHandle, LogStats, Resting } from './log-handle.js'
import type { OpenHandles } from './open-handles.js'

/**
 * An open file that is closed while nothing is to be read of it, and opened again at its path when something is. The inode tells
 * whether it is still the same; where it is not, there is nothing to read.
 *
 * Limit: what is written to a file that rests and is deleted before the next look is not seen.
 */
export class RestingHandle implements LogHandle, Resting {
  readonly inode: string
  usedMs = performance.now()
  hasUnread = false
  #handle: FileHandle | null
  #path: string
  #sizeBytes = 0
  /** Null: it stays open until it is closed. */
  #handles: OpenHandles | null = null

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle
    this.#path = path
    this.inode = inodeName(fstatSync(handle.fd, { bigint: true }))
  }

  /** Throws a system error for what cannot be opened. */
  static async open(path: string): Promise<RestingHandle> {
    return new RestingHandle(await open(path, 'r'), path)
  }

  /** From now on it is one of those that take turns. */
  async joinTurns(handles: OpenHandles): Promise<void> {
    await handles.makeRoom()
    this.#handles = handles
    if (!this.isResting) handles.add(this)
  }

  get isResting(): boolean {
    return this.#handle === null
  }

  /** It has another name now. */
  moveTo(path: string): void {
    this.#path = path
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    const handle = await this.#wake()
    return handle === null ? NOTHING : handle.read(buffer, offset, length, position)
  }

  async readv(buffers: readonly Uint8Array[], position: number): Promise<{ bytesRead: number }> {
    const handle = await this.#wake()
    return handle === null ? NOTHING : handle.readv(buffers, position)
  }

  /** Asks in the foreground: of hundreds of files several times a second, the background takes some thirty times as long. */
  look(): LogStats {
    if (this.#handle !== null) {
      const { size, nlink } = fstatSync(this.#handle.fd)
      this.#sizeBytes = size
      return { sizeBytes: size, isNamed: nlink > 0 }
    }
    const stats = this.#statAtPath()
    if (stats === 'unknown') return { sizeBytes: this.#sizeBytes, isNamed: true }
    const isNamed = stats !== undefined && inodeName(stats) === this.inode
    if (isNamed) this.#sizeBytes = Number(stats.size)
    return { sizeBytes: this.#sizeBytes, isNamed }
  }

  /** Unknown where nobody may look, or the disk does not answer: that a file cannot be seen does not say that it is gone. */
  #statAtPath(): BigIntStats | undefined | 'unknown' {
    try {
      return statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    } catch {
      return 'unknown'
    }
  }

  /** Gives the descriptor back until something is read. */
  async rest(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    this.#handles?.remove(this)
    await handle?.close()
  }

  readonly close = (): Promise<void> => this.rest()

  /** Null where the path leads to it no longer. */
  async #wake(): Promise<FileHandle | null> {
    this.usedMs = performance.now()
    if (this.#handle !== null) return this.#handle
    await this.#handles?.makeRoom()
    const handle = await open(this.#path, 'r').catch(() => null)
    if (handle === null) return null
    if (inodeName(fstatSync(handle.fd, { bigint: true })) !== this.inode) {
      await handle.close()
      return null
    }
    this.#handle = handle
    this.#handles?.add(this)
    return handle
  }
}

const NOTHING = { bytesRead: 0 }
