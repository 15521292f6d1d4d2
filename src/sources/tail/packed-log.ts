import { gunzip } from '../gunzip.js'
import { PositionedLines } from '../positioned-lines.js'
import { readFully } from '../read-fully.js'
import { type Leftover, restOf } from './leftover.js'
import type { LogHandle } from './log-handle.js'
import type { TailedSource } from './tailed-source.js'

/** The unpacked bytes of a gzip file, for reading ahead: no position may lie before an earlier one. */
export class PackedBytes {
  readonly #pieces: AsyncGenerator<Uint8Array>
  /** What is at hand, and where it begins. */
  #window: Uint8Array = new Uint8Array(0)
  #windowStart = 0
  #isAtEnd = false

  constructor(handle: LogHandle) {
    this.#pieces = gunzip(chunksOf(handle))
  }

  readonly readAt = async (buffer: Uint8Array, position: number): Promise<number> => {
    while (!this.#isAtEnd && this.#windowStart + this.#window.length < position + buffer.length) {
      this.#dropBefore(position)
      const { value, done } = await this.#pieces.next()
      if (done === true) this.#isAtEnd = true
      else this.#window = Buffer.concat([this.#window, value])
    }
    this.#dropBefore(position)
    const bytes = this.#window.subarray(0, buffer.length)
    buffer.set(bytes)
    return bytes.length
  }

  /** Unpacks the rest, for nothing. Throws as `gunzip` does. */
  async check(): Promise<void> {
    while ((await this.#pieces.next()).done !== true);
  }

  async close(): Promise<void> {
    await this.#pieces.return(undefined)
  }

  #dropBefore(position: number): void {
    const length = Math.min(position - this.#windowStart, this.#window.length)
    if (length <= 0) return
    this.#window = this.#window.subarray(length)
    this.#windowStart += length
  }
}

export interface PackedLogOptions {
  readonly source: TailedSource
  /** Belongs to the log from now on. */
  readonly handle: LogHandle
  /** In unpacked bytes, the start of a line. */
  readonly startOffset: number
  readonly maxLineBytes: number
  /** As `Leftover.beganAt`. */
  readonly beganAt: string
}

/** A rotated log that was packed before it was read to its end. */
export function packedLog({ source, handle, startOffset, maxLineBytes, beganAt }: PackedLogOptions): Leftover {
  const bytes = new PackedBytes(handle)
  const lines = new PositionedLines({ readAt: bytes.readAt, startOffset, maxLineBytes })
  return {
    source,
    beganAt,
    rest: (buffer) => restOf(lines, source, buffer),
    close: async () => {
      await bytes.close()
      await handle.close()
    },
  }
}

const CHUNK_BYTES = 64 * 1024

async function* chunksOf(handle: LogHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const chunk = new Uint8Array(CHUNK_BYTES)
    const length = await readFully(handle, chunk, position)
    if (length > 0) yield chunk.subarray(0, length)
    if (length < chunk.length) return
    position += length
  }
}
