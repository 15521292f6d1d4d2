import { createHash } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { fileChunks } from '../pcap/read-capture.js'
import { gunzip } from '../sources/gunzip.js'
import type { Entry } from './entry.js'
import { unwritable } from './unwritable.js'

const compress = promisify(gzip)

/**
 * Content of unknown length on its way into the archive: kept packed in a file, piece by piece, until its length and checksum
 * are known. Holds no descriptor and next to no memory between two pieces, so there may be thousands.
 */
export class Spool {
  readonly #hash = createHash('sha256')
  readonly #file: string | null
  #bytes = 0

  /** `directory` null: nothing is kept, only counted. */
  constructor(directory: string | null, number: number) {
    this.#file = directory === null ? null : join(directory, `${number}.gz`)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Resolves when the piece is kept; the memory may then be used again. Throws `PermanentError` as `writeArchive`. */
  async append(piece: Uint8Array): Promise<void> {
    if (piece.length === 0) return
    this.#hash.update(piece)
    this.#bytes += piece.length
    if (this.#file !== null) await keep(this.#file, piece)
  }

  /** The entry of what was kept; nothing may be appended any more. */
  finish(name: string): Entry {
    const file = this.#file
    const isEmpty = this.#bytes === 0
    return {
      name,
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
      read: () => (file === null || isEmpty ? [] : gunzip(fileChunks(file))),
    }
  }
}

/** Packed data one behind the other is packed data (RFC 1952, 2.2). */
async function keep(file: string, piece: Uint8Array): Promise<void> {
  const packed = await compress(piece, { level: 1 })
  await appendFile(file, packed, { mode: 0o600 }).catch((error: unknown) => {
    throw unwritable(file, error)
  })
}
