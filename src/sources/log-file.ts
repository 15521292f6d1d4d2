import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { LineSource } from '../records.js'
import { byteOrderMarkLength, firstTimestamp, HEAD_BYTES, isGzip, isLog } from './content.js'
import { framedLines } from './framed-lines.js'
import { GzipError, gunzip, gunzipAgain, unpacked } from './gunzip.js'
import { inputNotALog, inputProblem } from './input-problems.js'
import type { WholeLines } from './line-framer.js'
import { type Rotation, readLogFileName, sourceAt } from './log-file-name.js'
import type { OpenFiles } from './open-files.js'
import { PositionedLines } from './positioned-lines.js'

/** Of packed data at once; unpacked it is some twenty times as much, and that is what each open file holds in memory. */
const PACKED_CHUNK_BYTES = 16 * 1024
const STREAM_CHUNK_BYTES = 64 * 1024

/** One file of the input, as the file system shows it before it is read. */
export interface LogFile {
  readonly path: string
  readonly source: LineSource
  readonly rotation: Rotation
  /** On disk; 0 for what is not a regular file. */
  readonly sizeBytes: number
  /** False for pipes: they can be read only once and only forwards. */
  readonly regular: boolean
}

/** What the first bytes of a file tell. */
export interface LogFileHead {
  readonly content: 'plain' | 'gzip' | 'stream'
  /** Sorts by time; null where no line near the start begins with a time, or where it cannot be told in advance. */
  readonly firstTimestamp: string | null
}

/** A file that is being read. Exactly one of its blocks, the last, is the `end`. */
export interface LogFileReader {
  /** True where the lines do not lie in the buffer given to `next`, but in the reader's own. */
  readonly ownsMemory: boolean
  /** Bytes on disk that were read so far. */
  readonly readBytes: number
  next(buffer: Uint8Array): Promise<WholeLines>
  /** First time in the next lines, as far as it can be told. Ends the validity of the last ones if `ownsMemory`. */
  nextTimestamp(): Promise<string | null>
  /** After the last block: the error in which the file ended, or null. */
  failure(): Promise<unknown>
  close(): Promise<void>
}

export interface ReadingOptions {
  readonly files: OpenFiles
  readonly maxLineBytes: number
  readonly signal: AbortSignal
}

/** Throws `InputError` where there is no such file. */
export async function findLogFile(path: string): Promise<LogFile> {
  const stats = await stat(path).catch((error) => {
    throw inputProblem(path, error)
  })
  const regular = stats.isFile() || stats.isDirectory()
  return {
    path,
    source: { ...sourceAt(resolve(path)), path },
    rotation: readLogFileName(path).rotation,
    sizeBytes: stats.isFile() ? stats.size : 0,
    regular,
  }
}

/** Looks at the start of a file and keeps nothing of it. Throws `InputError` for what cannot be read or is no log. */
export async function readLogFileHead(file: LogFile, files: OpenFiles): Promise<LogFileHead> {
  if (!file.regular) return { content: 'stream', firstTimestamp: null }
  try {
    const buffer = Buffer.alloc(HEAD_BYTES)
    const raw = buffer.subarray(0, await files.read(file.path, buffer, 0))
    const content = isGzip(raw) ? 'gzip' : 'plain'
    const head = content === 'gzip' ? await unpackHead(raw) : raw
    if (!isLog(head)) throw inputNotALog(file.path)
    return { content, firstTimestamp: firstTimestamp(head.subarray(byteOrderMarkLength(head))) }
  } catch (error) {
    throw inputProblem(file.path, error)
  }
}

export function openLogFile(file: LogFile, head: LogFileHead, options: ReadingOptions): LogFileReader {
  return head.content === 'plain' ? plainReader(file, options) : chunkReader(file, head.content, options)
}

async function unpackHead(packed: Uint8Array): Promise<Uint8Array> {
  async function* chunks() {
    yield packed
  }
  try {
    for await (const piece of gunzip(chunks())) return piece.slice(0, HEAD_BYTES)
  } catch (error) {
    // Whether the file is sound shows when it is read.
    if (!(error instanceof GzipError)) throw error
  }
  return new Uint8Array(0)
}

function plainReader(file: LogFile, { files, maxLineBytes }: ReadingOptions): LogFileReader {
  const readAt = (buffer: Uint8Array, position: number) => files.read(file.path, buffer, position)
  const lines = new PositionedLines({ readAt, startOffset: 0, maxLineBytes })
  const peekBuffer = Buffer.alloc(HEAD_BYTES)
  return {
    ownsMemory: false,
    get readBytes() {
      return lines.offset
    },
    async next(buffer) {
      const next = await lines.next(buffer, 'deliver')
      if (next === null) throw new Error(`no lines and no end: ${file.path}`)
      return next
    },
    async nextTimestamp() {
      const known = firstTimestamp(lines.upcoming)
      if (known !== null) return known
      return firstTimestamp(peekBuffer.subarray(0, await readAt(peekBuffer, lines.offset)))
    },
    failure: async () => null,
    close: () => files.close(file.path),
  }
}

function chunkReader(
  file: LogFile,
  content: 'gzip' | 'stream',
  { files, maxLineBytes, signal }: ReadingOptions,
): LogFileReader {
  let readBytes = 0
  const lines = framedLines(content === 'gzip' ? gunzipAgain(packedChunks) : streamedChunks(), maxLineBytes)
  let ahead: Promise<IteratorResult<WholeLines>> | null = null

  async function* packedChunks() {
    const chunk = Buffer.alloc(PACKED_CHUNK_BYTES)
    for (let position = 0; ; ) {
      const length = await files.read(file.path, chunk, position)
      position += length
      readBytes = Math.max(readBytes, position)
      if (length > 0) yield chunk.subarray(0, length)
      if (length < chunk.length) return
    }
  }

  function streamedChunks() {
    return unpacked(createReadStream(file.path, { highWaterMark: STREAM_CHUNK_BYTES, signal }))
  }

  return {
    ownsMemory: true,
    get readBytes() {
      return readBytes
    },
    async next() {
      const { value, done } = await (ahead ?? lines.next())
      ahead = null
      if (done === true) throw new Error(`read behind its end: ${file.path}`)
      return value
    },
    async nextTimestamp() {
      // Waiting for a pipe would hold up the files.
      if (content === 'stream') return null
      // Nothing can be read twice here: the next lines, or their failure, are held until their turn comes.
      ahead ??= lines.next()
      const next = await ahead.catch(() => null)
      return next?.value === undefined ? null : firstTimestamp(next.value.bytes)
    },
    failure: () =>
      lines.next().then(
        () => null,
        (error) => error,
      ),
    async close() {
      await lines.return(undefined)
      await files.close(file.path)
    },
  }
}
