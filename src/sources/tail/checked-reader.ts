import { readFully } from '../read-fully.js'
import { type FileIdentity, hasContent, readerOf, TRAIL_BYTES, type Trail, trailOf } from './file-identity.js'
import type { LogHandle } from './log-handle.js'

/**
 * Reads on in a file that grows, each time together with the bytes right before: where these are not those that were read
 * there, the file was cut and has grown past its old size, and nothing is given of it.
 */
export class CheckedReader {
  readonly #handle: LogHandle
  #offset: number
  /** The bytes before `#offset`, as far as they are known. */
  #before: Uint8Array = NOTHING
  /** How far it was read here; null where that was not asked for since. */
  #trail: Trail | null = null
  /** How far a former run had read. */
  readonly #resumed: Trail | null
  readonly #identity: () => FileIdentity
  #isReplaced = false

  /** `identity`: how the file began before anything was read of it. */
  constructor(handle: LogHandle, startOffset: number, resumed: Trail | null, identity: () => FileIdentity) {
    this.#handle = handle
    this.#offset = startOffset
    this.#resumed = resumed
    this.#identity = identity
  }

  /** The file no longer holds what was read of it. */
  get isReplaced(): boolean {
    return this.#isReplaced
  }

  /** How far the file was ever read. */
  get trail(): Trail {
    const resumed = this.#resumed
    if (resumed !== null && resumed.offset > this.#offset) return resumed
    this.#trail ??= trailOf(this.#offset, this.#before)
    return this.#trail
  }

  async readAt(buffer: Uint8Array, position: number): Promise<number> {
    const { length } = this.#before
    if (position === 0 && this.#offset === 0) return this.#readFirst(buffer)
    if (position !== this.#offset || length === 0) return readFully(this.#handle, buffer, position)
    const before = new Uint8Array(length)
    const { bytesRead } = await this.#handle.readv([before, buffer], position - length)
    this.#isReplaced = bytesRead < length || Buffer.compare(before, this.#before) !== 0
    if (this.#isReplaced) return 0
    const read = bytesRead - length
    return read + (await readFully(this.#handle, buffer.subarray(read), position + read))
  }

  /** Where it still begins as it did after it was read, it began so as it was read. */
  async #readFirst(buffer: Uint8Array): Promise<number> {
    const read = await readFully(this.#handle, buffer, 0)
    this.#isReplaced = !(await hasContent(readerOf(this.#handle), this.#identity(), null))
    return this.#isReplaced ? 0 : read
  }

  /** Lines were read at `offset`; the next ones begin at `nextOffset`. */
  passed(bytes: Uint8Array, offset: number, nextOffset: number): void {
    this.#offset = nextOffset
    this.#trail = null
    // Of a line that was cut because it is too long, the end is not at hand.
    if (nextOffset !== offset + bytes.length) this.#before = NOTHING
    else if (bytes.length >= TRAIL_BYTES) this.#before = Uint8Array.from(bytes.subarray(-TRAIL_BYTES))
    else this.#before = Uint8Array.from(Buffer.concat([this.#before, bytes]).subarray(-TRAIL_BYTES))
  }

  /** Learns the bytes before the offset from the file itself. */
  async lookBack(): Promise<void> {
    const before = new Uint8Array(Math.min(this.#offset, TRAIL_BYTES))
    const length = await readFully(this.#handle, before, this.#offset - before.length)
    this.#before = length === before.length ? before : NOTHING
    this.#trail = null
  }
}

const NOTHING = new Uint8Array(0)
