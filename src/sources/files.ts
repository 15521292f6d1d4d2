import type { InputError } from '../errors.js'
import type { LineBlock } from '../records.js'
import { FilePartition, type FilePartitionOptions } from './file-partition.js'
import { inputProblem } from './input-problems.js'
import { DEFAULT_MAX_LINE_BYTES } from './line-framer.js'
import { findLogFile, type LogFile } from './log-file.js'
import { OpenFiles } from './open-files.js'
import type { Source } from './source.js'

const DEFAULT_BLOCK_BYTES = 1024 * 1024
const DEFAULT_MAX_OPEN_FILES = 64

export interface FilesOptions {
  /** Files, as `discoverLogFiles` found them; gzip is told by content. */
  readonly paths: readonly string[]
  readonly maxLineBytes?: number
  readonly blockBytes?: number
  readonly maxOpenFiles?: number
  /** Told of each input that fails while another one can be read. */
  readonly onProblem: (problem: InputError) => void
}

/** In bytes on disk, so that packed files count as they are. */
export interface Progress {
  readonly readBytes: number
  readonly totalBytes: number
}

/**
 * Reads files to their end. Those of one partition come one after another, oldest first; several partitions are
 * interleaved by event time, block by block. Memory and descriptors do not grow with the number of plain files; each
 * packed file that is being read holds about half a megabyte.
 *
 * Throws `InputError` only where not a single input could be read.
 */
export class FilesSource implements Source {
  readonly #options: Required<FilesOptions>
  #partitions: FilePartition[] = []
  #lastPulled: FilePartition | null = null
  /** Of files that are done with, whole partitions at a time. */
  #doneBytes = 0
  #totalBytes = 0

  constructor(options: FilesOptions) {
    this.#options = {
      maxLineBytes: DEFAULT_MAX_LINE_BYTES,
      blockBytes: DEFAULT_BLOCK_BYTES,
      maxOpenFiles: DEFAULT_MAX_OPEN_FILES,
      ...options,
    }
  }

  /** Zero of zero before reading begins. */
  progress(): Progress {
    const readBytes = this.#partitions.reduce((sum, partition) => sum + partition.readBytes, this.#doneBytes)
    return { readBytes: Math.min(readBytes, this.#totalBytes), totalBytes: this.#totalBytes }
  }

  async *read(signal: AbortSignal): AsyncGenerator<LineBlock> {
    const problems = new Problems(this.#options.onProblem)
    const files = new OpenFiles(this.#options.maxOpenFiles)
    try {
      await this.#prepare(files, problems, signal)
      for await (const block of this.#blocks(signal)) {
        problems.noteSuccess(block)
        yield block
      }
      if (!signal.aborted) problems.throwIfAllFailed()
    } finally {
      for (const partition of this.#partitions) await partition.close()
      await files.closeAll()
    }
  }

  async #prepare(files: OpenFiles, problems: Problems, signal: AbortSignal): Promise<void> {
    const found = await findAll(this.#options.paths, problems)
    this.#totalBytes = found.reduce((sum, file) => sum + file.sizeBytes, 0)
    const { maxLineBytes } = this.#options
    const onProblem: FilePartitionOptions['onProblem'] = (problem, path) => {
      // A pipe that is let go of has not failed.
      if (!signal.aborted) problems.add(problem, path)
    }
    for (const group of byPartition(found)) {
      if (signal.aborted) return
      this.#partitions.push(await FilePartition.of(group, { files, maxLineBytes, signal, onProblem }))
    }
  }

  /** While the caller works on one block the next is read into the other buffer. */
  async *#blocks(signal: AbortSignal): AsyncGenerator<LineBlock> {
    const buffers = [Buffer.allocUnsafeSlow(this.#options.blockBytes), Buffer.allocUnsafeSlow(this.#options.blockBytes)]
    let ahead: Promise<Pulled | null> | null = null
    try {
      for (let turn = 0; !signal.aborted; turn = 1 - turn) {
        const pulled: Pulled | null = await (ahead ?? this.#pull(buffers[turn]))
        if (pulled === null || signal.aborted) return
        ahead = pulled.partition.ownsLastBlock ? null : this.#pull(buffers[1 - turn])
        // Its failure belongs to the next turn.
        ahead?.catch(() => {})
        yield pulled.block
      }
    } finally {
      await ahead?.catch(() => {})
    }
  }

  async #pull(buffer: Uint8Array): Promise<Pulled | null> {
    await this.#lastPulled?.lookAhead()
    for (let partition = this.#earliest(); partition !== null; partition = this.#earliest()) {
      this.#lastPulled = partition
      const block = await partition.next(buffer)
      if (block !== null) return { block, partition }
    }
    return null
  }

  #earliest(): FilePartition | null {
    this.#dropExhausted()
    let earliest: FilePartition | null = null
    for (const partition of this.#partitions) {
      if (earliest === null || partition.nextTimestamp < earliest.nextTimestamp) earliest = partition
    }
    return earliest
  }

  #dropExhausted(): void {
    if (!this.#partitions.some((partition) => partition.exhausted)) return
    for (const partition of this.#partitions) if (partition.exhausted) this.#doneBytes += partition.readBytes
    this.#partitions = this.#partitions.filter((partition) => !partition.exhausted)
  }
}

interface Pulled {
  readonly block: LineBlock
  readonly partition: FilePartition
}

async function findAll(paths: readonly string[], problems: Problems): Promise<readonly LogFile[]> {
  const found: LogFile[] = []
  for (const path of paths) {
    try {
      found.push(await findLogFile(path))
    } catch (error) {
      problems.add(inputProblem(path, error), path)
    }
  }
  return found
}

function byPartition(files: readonly LogFile[]): readonly (readonly LogFile[])[] {
  const groups = new Map<string, LogFile[]>()
  for (const file of files) {
    const group = groups.get(file.source.partition)
    if (group === undefined) groups.set(file.source.partition, [file])
    else group.push(file)
  }
  return [...groups.values()]
}

/** Holds the first problem back until it is known whether it is thrown (nothing could be read) or told. */
class Problems {
  #held: InputError | null = null
  #succeeded = false
  readonly #failedPaths = new Set<string>()

  constructor(private readonly tell: (problem: InputError) => void) {}

  add(problem: InputError, path: string): void {
    this.#failedPaths.add(path)
    if (this.#failedPaths.size === 1 && !this.#succeeded) this.#held = problem
    else this.tell(problem)
  }

  /** The end of an empty file counts; that of a damaged one of which nothing could be read does not. */
  noteSuccess({ source, bytes }: LineBlock): void {
    if (this.#succeeded || (bytes.length === 0 && this.#failedPaths.has(source.path))) return
    this.#succeeded = true
    if (this.#held !== null) this.tell(this.#held)
    this.#held = null
  }

  throwIfAllFailed(): void {
    if (this.#held !== null) throw this.#held
  }
}
