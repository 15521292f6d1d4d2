import { firstTimestamp, HEAD_BYTES } from '../content.js'
import { type Rotation, readLogFileName } from '../log-file-name.js'
import { PositionedLines } from '../positioned-lines.js'
import { readFully } from '../read-fully.js'
import { CheckedReader } from './checked-reader.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import {
  FINGERPRINT_BYTES,
  type FileIdentity,
  formatIdentity,
  formatTrail,
  Head,
  hasContent,
  identify,
  isFinal,
  type Known,
  parseTrail,
  readerOf,
  readHead,
  type Trail,
} from './file-identity.js'
import type { Found } from './found.js'
import { endOf, type Leftover, restOf } from './leftover.js'
import type { RestingHandle } from './resting-handle.js'
import { type TailedBlock, type TailedSource, tailedSource } from './tailed-source.js'

export interface FollowedFileOptions {
  /** Where the file is now. */
  readonly path: string
  /** What it goes on from; null for a file that is read for the first time. */
  readonly resumed: FileCheckpoint | null
  /** Belongs to the followed file from now on. */
  readonly handle: RestingHandle
  readonly identity: FileIdentity
  /** As `FollowedFile.beganAt`. */
  readonly beganAt: string
  /** The start of a line. */
  readonly startOffset: number
  readonly maxLineBytes: number
}

/** One open file that grows. It keeps its source, its identity and its place when it is renamed. */
export class FollowedFile implements Leftover {
  readonly source: TailedSource

  /** Since when the file could be given up, on the clock of `performance.now()`; null while it can not. */
  leavableSinceMs: number | null = null
  /** Since when no name leads to it while not all of it is read; null while that is not so. */
  endangeredSinceMs: number | null = null
  /** First time in the next lines, as text that sorts by time; that of earlier ones where they have none. */
  nextTimestamp = ''
  /** First time in the file, as text that sorts by time; empty while it has none. */
  beganAt: string
  /** False until it is known to be no copy of another file, and not cut since it was opened. */
  isSortedOut = false
  #path: string
  #rotation: Rotation
  readonly #maxLineBytes: number
  #handle: RestingHandle
  #identity: FileIdentity
  /** The first bytes, as far as this process has read them. */
  #head: Uint8Array = new Uint8Array(0)
  #reader: CheckedReader
  #lines: PositionedLines
  /** Size when the last whole line was read: there is nothing to do until it changes. */
  #exhaustedAtSize = -1
  #sizeBytes = 0
  /** Nothing behind it is read. */
  #limit = 0
  /** The largest size that it was seen to have. */
  #seenBytes = 0

  constructor(options: FollowedFileOptions) {
    const { path, resumed, handle, identity, beganAt, startOffset, maxLineBytes } = options
    this.beganAt = beganAt
    this.#path = path
    this.#rotation = readLogFileName(path).rotation
    this.#maxLineBytes = maxLineBytes
    this.#handle = handle
    this.#identity = identity
    const resumedTrail = resumed?.trail === undefined ? null : parseTrail(resumed.trail)
    this.#reader = new CheckedReader(handle, startOffset, resumedTrail, () => this.#identity)
    this.#lines = this.#linesFrom(startOffset)
    this.source = tailedSource(resumed?.path ?? path, resumed, () => ({
      identity: formatIdentity(this.#identity),
      trail: formatTrail(this.#reader.trail),
    }))
  }

  get inode(): string {
    return this.#identity.inode
  }

  get identity(): FileIdentity {
    return this.#identity
  }

  get trail(): Trail {
    return this.#reader.trail
  }

  /** Where the file was last found. */
  get path(): string {
    return this.#path
  }

  get rotation(): Rotation {
    return this.#rotation
  }

  moveTo(path: string): void {
    if (path === this.#path) return
    this.#path = path
    this.#handle.moveTo(path)
    this.#rotation = readLogFileName(path).rotation
  }

  /** True where there may be whole lines that were not read. */
  get ready(): boolean {
    return this.#sizeBytes !== this.#exhaustedAtSize
  }

  /** True where the file no longer holds what was read of it, or was seen before anything was read: it was cut and begins anew. */
  get cut(): boolean {
    return this.#sizeBytes < (this.#lines.offset || this.#seenBytes) || this.#reader.isReplaced
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get offset(): number {
    return this.#lines.offset
  }

  get unreadBytes(): number {
    return Math.max(0, this.#sizeBytes - this.#lines.offset)
  }

  /** How far the file is known to have reached; of a file that was cut and has grown past its old size, where reading stood. */
  get reachedBytes(): number {
    return this.#sizeBytes < this.#seenBytes ? this.#seenBytes : this.#lines.offset
  }

  /** Before the first read: what stands right before its place tells then whether the file was cut meanwhile. */
  readonly lookBack = (): Promise<void> => this.#reader.lookBack()

  /** Asks the file system for the size; resolves to whether a name in the file system still leads to the file. */
  async refresh(): Promise<boolean> {
    // Until its first lines are read, nothing else tells whether it was cut meanwhile.
    if (this.#lines.offset === 0 && !isFinal(this.#identity)) {
      const head = await readHead(readerOf(this.#handle))
      if (head.beginsAs(this.#identity)) this.#identity = head.identity(this.inode)
    }
    const { sizeBytes, isNamed } = this.#handle.look()
    this.#sizeBytes = this.#limit = sizeBytes
    this.#seenBytes = Math.max(this.#seenBytes, sizeBytes, this.#identity.prefixBytes)
    if (this.nextTimestamp === '' && this.ready) this.nextTimestamp = await this.#peekTimestamp()
    this.beganAt ||= this.nextTimestamp
    this.#handle.hasUnread = this.unreadBytes > 0
    return isNamed
  }

  /**
   * The next whole lines up to the size at the last look, read into `buffer`; null where there are none yet. What was
   * written since may be younger than what another file holds that is read first.
   */
  async next(buffer: Uint8Array): Promise<TailedBlock | null> {
    if (this.cut) return null
    const lines = await this.#lines.next(buffer, 'wait')
    if (lines === null) {
      if (!this.cut) this.#exhaustedAtSize = this.#sizeBytes
      return null
    }
    const { bytes, offset } = lines
    const nextOffset = this.#lines.offset
    this.#reader.passed(bytes, offset, nextOffset)
    if (nextOffset === this.#sizeBytes) this.#exhaustedAtSize = this.#sizeBytes
    if (!isFinal(this.#identity)) await this.#learnHead(bytes, offset)
    this.nextTimestamp = firstTimestamp(this.#lines.upcoming) ?? this.nextTimestamp
    return { source: this.source, bytes, offset, nextOffset, last: false }
  }

  /** As it was read: the file may have been written over since. */
  async #learnHead(bytes: Uint8Array, offset: number): Promise<void> {
    if (offset === this.#head.length) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, FINGERPRINT_BYTES)]).subarray(0, FINGERPRINT_BYTES)
      this.#identity = new Head(this.#head).identity(this.inode)
    } else this.#identity = await identify(this.#handle)
  }

  async *rest(buffer: Uint8Array): AsyncGenerator<TailedBlock> {
    this.#limit = Number.POSITIVE_INFINITY
    if (this.cut) yield endOf(this.source, this.#lines.offset)
    else yield* restOf(this.#lines, this.source, buffer)
  }

  /** False where it was written over since it was opened, before anything was read of it. */
  async isAsOpened(): Promise<boolean> {
    return hasContent(readerOf(this.#handle), this.#identity, null)
  }

  /** False where it no longer holds what was read of it. */
  async isAsRead(): Promise<boolean> {
    return hasContent(readerOf(this.#handle), this.#identity, this.trail)
  }

  /**
   * Goes on in another file that begins with the same content. Where that ends before what was read already, it counts as read to its end.
   * `handle` belongs to this file from now on.
   */
  async continueIn(handle: RestingHandle, path: string): Promise<void> {
    const { sizeBytes: size } = handle.look()
    const offset = Math.min(this.#lines.offset, size)
    await this.#handle.close()
    this.#handle = handle
    this.#identity = await identify(handle)
    this.#reader = new CheckedReader(handle, offset, null, () => this.#identity)
    await this.#reader.lookBack()
    this.#lines = this.#linesFrom(offset)
    this.#exhaustedAtSize = -1
    this.#seenBytes = size
    this.moveTo(path)
    await this.refresh()
  }

  /** To be looked at by others. */
  get asFound(): Found & { readonly partition: string } {
    return { path: this.#path, handle: this.#handle, isPacked: false, partition: this.source.partition }
  }

  get asKnown(): Known {
    return { identity: this.#identity, trail: this.trail, partition: this.source.partition }
  }

  /** Gives the open file away, unread: nothing is to be done with this one after that. */
  giveAway(): RestingHandle {
    return this.#handle
  }

  readonly close = (): Promise<void> => this.#handle.close()

  #linesFrom(startOffset: number): PositionedLines {
    const readAt = (buffer: Uint8Array, position: number) =>
      this.#reader.readAt(buffer.subarray(0, Math.max(0, this.#limit - position)), position)
    return new PositionedLines({ readAt, startOffset, maxLineBytes: this.#maxLineBytes })
  }

  async #peekTimestamp(): Promise<string> {
    const head = Buffer.alloc(HEAD_BYTES)
    const length = await readFully(this.#handle, head, this.#lines.offset)
    return firstTimestamp(head.subarray(0, length)) ?? ''
  }
}
