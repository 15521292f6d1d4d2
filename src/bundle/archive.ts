import { createWriteStream } from 'node:fs'
import { copyFile, link, constants as mode, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Header } from 'tar'
import { systemCode } from '../errors.js'
import type { Entry } from './entry.js'
import { unwritable } from './unwritable.js'

export interface ArchiveInput {
  /** The one folder that all entries lie in. */
  readonly top: string
  readonly entries: readonly Entry[]
  /** Of all entries. */
  readonly time: Date
  /** Told of bytes of content as they are packed. */
  readonly onBytes?: (bytes: number) => void
  readonly signal: AbortSignal
}

/**
 * Writes a `.tar.gz` under a temporary name. Files and their folders alone, of nobody (0:0), one time, plain modes: the same
 * entries give the same bytes. Throws `PermanentError` (`output_failed`, `disk_full`), and the reason of the signal.
 */
export async function writeArchive(temporary: string, { signal, ...input }: ArchiveInput): Promise<void> {
  const blocks = Readable.from(archiveBlocks(input), { objectMode: false })
  try {
    await pipeline(blocks, createGzip(), createWriteStream(temporary, { flags: 'wx', mode: 0o600 }), { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw unwritable(temporary, error)
  }
}

/** Gives a whole archive its name, which nobody may have: what is there stays. Throws `PermanentError` (`output_failed`). */
export async function nameArchive(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file).catch(async (error: unknown) => {
      // Not every file system has links.
      if (systemCode(error) === 'EEXIST') throw error
      await copyFile(temporary, file, mode.COPYFILE_EXCL)
    })
  } catch (error) {
    throw unwritable(file, error)
  }
  await rm(temporary, { force: true })
}

const BLOCK_BYTES = 512

async function* archiveBlocks({ top, entries, time, onBytes }: Omit<ArchiveInput, 'signal'>) {
  for (const folder of foldersOf(top, entries)) yield header(`${folder}/`, { bytes: 0, time, isFolder: true })
  for (const entry of entries) {
    yield header(`${top}/${entry.name}`, { bytes: entry.bytes, time, isFolder: false })
    let written = 0
    for await (const piece of entry.read()) {
      yield piece
      written += piece.length
      onBytes?.(piece.length)
    }
    if (written !== entry.bytes) throw new Error(`${entry.name} has ${written} bytes in place of ${entry.bytes}`)
    yield Buffer.alloc((BLOCK_BYTES - (written % BLOCK_BYTES)) % BLOCK_BYTES)
  }
  yield Buffer.alloc(2 * BLOCK_BYTES)
}

function foldersOf(top: string, entries: readonly Entry[]): readonly string[] {
  const inner = entries.map(({ name }) => name).filter((name) => name.includes('/'))
  return [top, ...new Set(inner.map((name) => `${top}/${name.slice(0, name.lastIndexOf('/'))}`))]
}

interface HeaderFields {
  readonly bytes: number
  readonly time: Date
  readonly isFolder: boolean
}

function header(path: string, { bytes, time, isFolder }: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES)
  const type = isFolder ? 'Directory' : 'File'
  const fields = { path, mode: isFolder ? 0o755 : 0o644, uid: 0, gid: 0, size: bytes, mtime: time, type } as const
  if (new Header(fields).encode(block)) throw new Error(`too long a name for tar: ${path}`)
  return block
}
