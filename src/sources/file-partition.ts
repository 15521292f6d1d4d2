import type { InputError } from '../errors.js'
import type { LineBlock } from '../records.js'
import { inputProblem } from './input-problems.js'
import type { WholeLines } from './line-framer.js'
import {
  type LogFile,
  type LogFileHead,
  type LogFileReader,
  openLogFile,
  type ReadingOptions,
  readLogFileHead,
} from './log-file.js'
import { compareRotations, isOrderTold } from './log-file-name.js'
import type { OpenFiles } from './open-files.js'

export interface FilePartitionOptions extends ReadingOptions {
  readonly onProblem: (problem: InputError, path: string) => void
}

interface FileWithHead {
  readonly file: LogFile
  readonly head: LogFileHead
}

/** The files that continue each other, read one after another, oldest first. A file that fails is told of and left. */
export class FilePartition {
  readonly #remaining: LogFile[]
  readonly #options: FilePartitionOptions
  #upcoming: FileWithHead | null = null
  #current: { readonly file: LogFile; readonly reader: LogFileReader } | null = null
  #nextTimestamp = ''
  /** Bytes on disk of the files that are done with. */
  #doneBytes = 0

  private constructor(files: readonly LogFile[], options: FilePartitionOptions) {
    this.#remaining = [...files]
    this.#options = options
  }

  /** Opens nothing for good; `files` in any order. */
  static async of(files: readonly LogFile[], options: FilePartitionOptions): Promise<FilePartition> {
    const partition = new FilePartition(await inOrder(files, options.files), options)
    await partition.#goOn()
    return partition
  }

  /** True where nothing is left to read. */
  get exhausted(): boolean {
    return this.#current === null && this.#upcoming === null
  }

  get readBytes(): number {
    return this.#doneBytes + (this.#current?.reader.readBytes ?? 0)
  }

  /** True where asking for more ends the validity of the last block. */
  get ownsLastBlock(): boolean {
    return this.#current?.reader.ownsMemory ?? false
  }

  /** First time in the next block, as text that sorts by time; that of an earlier one where it has none. */
  get nextTimestamp(): string {
    return this.#nextTimestamp
  }

  /** Brings `nextTimestamp` up to date after a block; the block is not valid any more if `ownsLastBlock`. */
  async lookAhead(): Promise<void> {
    const timestamp = await this.#current?.reader.nextTimestamp()
    this.#nextTimestamp = timestamp ?? this.#nextTimestamp
  }

  /** The next block, in `buffer` or in memory of its own; null where a file failed or nothing is left. */
  async next(buffer: Uint8Array): Promise<LineBlock | null> {
    const current = this.#open()
    if (current === null) return null
    const lines = await this.#read(current, buffer)
    if (lines === null || lines.end) await this.#finish(current)
    return lines && { source: current.file.source, bytes: lines.bytes, offset: lines.offset, last: lines.end }
  }

  async close(): Promise<void> {
    await this.#current?.reader.close()
    this.#current = null
  }

  #open() {
    if (this.#current === null && this.#upcoming !== null) {
      const { file, head } = this.#upcoming
      this.#current = { file, reader: openLogFile(file, head, this.#options) }
      this.#upcoming = null
    }
    return this.#current
  }

  async #read(
    { file, reader }: { file: LogFile; reader: LogFileReader },
    buffer: Uint8Array,
  ): Promise<WholeLines | null> {
    try {
      return await reader.next(buffer)
    } catch (error) {
      this.#options.onProblem(inputProblem(file.path, error), file.path)
      return null
    }
  }

  async #finish({ file, reader }: { file: LogFile; reader: LogFileReader }): Promise<void> {
    // What can be read of a damaged file comes before its failure.
    const failure = await reader.failure()
    if (failure !== null) this.#options.onProblem(inputProblem(file.path, failure), file.path)
    await reader.close()
    this.#current = null
    this.#doneBytes += file.sizeBytes
    await this.#goOn()
  }

  /** Finds the next file that can be read. */
  async #goOn(): Promise<void> {
    for (let file = this.#remaining.shift(); file !== undefined; file = this.#remaining.shift()) {
      try {
        const head = await readLogFileHead(file, this.#options.files)
        this.#upcoming = { file, head }
        this.#nextTimestamp = head.firstTimestamp ?? this.#nextTimestamp
        return
      } catch (error) {
        this.#doneBytes += file.sizeBytes
        this.#options.onProblem(inputProblem(file.path, error), file.path)
      }
    }
  }
}

/** By rotation; where names do not tell the order of files, by the first time in them. */
async function inOrder(files: readonly LogFile[], openFiles: OpenFiles): Promise<readonly LogFile[]> {
  const sorted = files.toSorted((left, right) => compareRotations(left.rotation, right.rotation))
  if (sorted.every((file, index) => index === 0 || isOrderTold(sorted[index - 1].rotation, file.rotation)))
    return sorted
  const starts = new Map<LogFile, string>()
  for (const file of sorted) starts.set(file, await startOf(file, openFiles))
  return sorted.sort(
    (left, right) =>
      left.rotation.number - right.rotation.number ||
      compareText(starts.get(left) ?? '', starts.get(right) ?? '') ||
      compareRotations(left.rotation, right.rotation),
  )
}

async function startOf(file: LogFile, openFiles: OpenFiles): Promise<string> {
  try {
    return (await readLogFileHead(file, openFiles)).firstTimestamp ?? ''
  } catch {
    // Told when its turn comes.
    return ''
  }
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
