import { firstTimestamp, HEAD_BYTES } from '../content.js'
import { isFirstOfProcess, type Rotation, readLogFileName } from '../log-file-name.js'
import { type AtEnd, PositionedLines } from '../positioned-lines.js'
import { readFully } from '../read-fully.js'
import { type FileIdentity, formatIdentity, identify, isFinal } from './file-identity.js'
import type { RestingHandle } from './resting-handle.js'
import type { TailedBlock, TailedSource } from './tailed-source.js'

export interface FollowedFileOptions {
  /** Where the file is now. */
  readonly path: string
  /** As positions and documents name it. */
  readonly knownAs: { readonly path: string; readonly partition: string }
  /** Belongs to the followed file from now on. */
  readonly handle: RestingHandle
  readonly identity: FileIdentity
  /** The start of a line. */
  readonly startOffset: number
  readonly maxLineBytes: number
}

/** One open file that grows. It keeps its source, its identity and its place when it is renamed. */
export class FollowedFile {
  readonly source: TailedSource

  /** Since when the file could be given up, on the clock of `performance.now()`; null while it can not. */
  leavableSinceMs: number | null = null
  /** First time in the next lines, as text that sorts by time; that of earlier ones where they have none. */
  nextTimestamp = ''
  #path: string
  #rotation: Rotation
  readonly #handle: RestingHandle
  #identity: FileIdentity
  readonly #lines: PositionedLines
  /** Size when the last whole line was read: there is nothing to do until it changes. */
  #exhaustedAtSize = -1
  #sizeBytes = 0

  constructor({ path, knownAs, handle, identity, startOffset, maxLineBytes }: FollowedFileOptions) {
    this.#path = path
    this.#rotation = readLogFileName(path).rotation
    this.#handle = handle
    this.#identity = identity
    const readAt = (buffer: Uint8Array, position: number) => readFully(handle, buffer, position)
    this.#lines = new PositionedLines({ readAt, startOffset, maxLineBytes })
    const identityNow = () => formatIdentity(this.#identity)
    this.source = {
      path: knownAs.path,
      partition: knownAs.partition,
      gateway: readLogFileName(knownAs.path).gateway,
      isFirst: isFirstOfProcess(readLogFileName(knownAs.path).rotation),
      goesOn: readLogFileName(knownAs.path).goesOn,
      get identity() {
        return identityNow()
      },
    }
  }

  get inode(): string {
    return this.#identity.inode
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

  /** True where the file is shorter than what was read of it: it was cut and begins anew. */
  get cut(): boolean {
    return this.#sizeBytes < this.#lines.offset
  }

  /** Asks the file system for the size; resolves to whether a name in the file system still leads to the file. */
  async refresh(): Promise<boolean> {
    const { sizeBytes, isNamed } = this.#handle.look()
    this.#sizeBytes = sizeBytes
    if (this.nextTimestamp === '' && this.ready) this.nextTimestamp = await this.#peekTimestamp()
    return isNamed
  }

  /** The next whole lines, read into `buffer`; null where there are none yet. */
  async next(buffer: Uint8Array): Promise<TailedBlock | null> {
    await this.refresh()
    if (this.cut) return null
    const block = await this.#read(buffer, 'wait')
    if (block === null || block.nextOffset === this.#sizeBytes) this.#exhaustedAtSize = this.#sizeBytes
    if (block !== null) this.nextTimestamp = firstTimestamp(this.#lines.upcoming) ?? this.nextTimestamp
    return block
  }

  /** What is left of a file that is not followed any longer, block by block; the last one is `last`. */
  async *rest(buffer: Uint8Array): AsyncGenerator<TailedBlock> {
    while (!this.cut) {
      const block = await this.#read(buffer, 'deliver')
      if (block === null) return
      yield block
      if (block.last) return
    }
    const { offset } = this.#lines
    yield { source: this.source, bytes: new Uint8Array(0), offset, nextOffset: offset, last: true }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  async #read(buffer: Uint8Array, atEnd: AtEnd): Promise<TailedBlock | null> {
    const lines = await this.#lines.next(buffer, atEnd)
    if (lines === null) return null
    if (!isFinal(this.#identity)) this.#identity = await identify(this.#handle)
    return {
      source: this.source,
      bytes: lines.bytes,
      offset: lines.offset,
      nextOffset: this.#lines.offset,
      last: lines.end,
    }
  }

  async #peekTimestamp(): Promise<string> {
    const head = Buffer.alloc(HEAD_BYTES)
    const length = await readFully(this.#handle, head, this.#lines.offset)
    return firstTimestamp(head.subarray(0, length)) ?? ''
  }
}
