import type { InputError } from '../../errors.js'
import { DEFAULT_MAX_LINE_BYTES } from '../line-framer.js'
import type { Source } from '../source.js'
import { DirectoryHints } from './directory-hints.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { FollowedFiles } from './followed-files.js'
import { repeat } from './repeat.js'
import { TailLosses } from './tail-losses.js'
import type { TailedBlock } from './tailed-source.js'
import { WakeUp } from './wake-up.js'

const BLOCK_BYTES = 1024 * 1024

/** In a directory where names change all the time, names are not looked at more often than this. */
const MIN_SCAN_INTERVAL_MS = 100

export interface TailOptions {
  /** Files, globs, directories; what they name need not exist yet. Gzip is left alone. */
  readonly paths: readonly string[]
  /** Of directories, the files to follow: globs that begin in the directory. By default all logs. */
  readonly include?: readonly string[]
  /** Files and globs to leave out. */
  readonly exclude?: readonly string[]
  /** Where files begin that are there at the first start, without checkpoints; later ones are read whole. */
  readonly start?: 'beginning' | 'end'
  readonly resume?: readonly FileCheckpoint[]
  /** How often names are looked at; a hint of the file system may come sooner. */
  readonly scanIntervalMs?: number
  /** How often sizes are looked at when there is nothing to read; a hint of the file system may come sooner. */
  readonly pollIntervalMs?: number
  /** How long a file that was rotated away is kept open for lines that still come, after the last one. */
  readonly rotateWaitMs?: number
  /** How long a file that was deleted before it was read to its end is kept open. */
  readonly unreadWaitMs?: number
  readonly maxLineBytes?: number
  /** Files that were not read for so long are closed until they grow. */
  readonly closeIdleMs?: number
  /** Of files that were not written to for so long when they are first seen, only what comes later is read. */
  readonly ignoreOlderThanMs?: number
  /** Counts what could not be read. */
  readonly losses?: TailLosses
  readonly onProblem: (problem: InputError) => void
}

/**
 * Follows files that grow and never ends by itself; reads only when pulled, but looks for new names all the while, so
 * that a file which comes and goes meanwhile is held open. A line waits until it is whole. A file keeps its identity when
 * it is renamed, copied or packed, and is read to its end before it is let go: then, and only then, a `last` block comes.
 *
 * Limits: what is written to a file that was rotated away, and then to none of its names for `rotateWaitMs`, is not seen;
 * what is written between a rotator's copy of a file and its cut is lost, and told; what is written to a file that rests
 * (`closeIdleMs`) and is deleted before the next look is not seen.
 */
export class TailSource implements Source {
  readonly #options: Required<TailOptions>

  constructor(options: TailOptions) {
    this.#options = {
      include: [],
      exclude: [],
      start: 'beginning',
      resume: [],
      scanIntervalMs: 1000,
      pollIntervalMs: 250,
      rotateWaitMs: 5 * 60_000,
      unreadWaitMs: 12 * 3_600_000,
      losses: new TailLosses(),
      maxLineBytes: DEFAULT_MAX_LINE_BYTES,
      closeIdleMs: 5 * 60_000,
      ignoreOlderThanMs: Number.POSITIVE_INFINITY,
      ...options,
    }
  }

  async *read(signal: AbortSignal): AsyncGenerator<TailedBlock> {
    const { scanIntervalMs, pollIntervalMs } = this.#options
    const files = new FollowedFiles(this.#options)
    const wakeUp = new WakeUp()
    let lastScanMs = Number.NEGATIVE_INFINITY
    let namesChanged = false
    const hints = new DirectoryHints((ofNames) => {
      namesChanged ||= ofNames
      wakeUp.hint()
    })
    const scanIsDue = () => {
      const wait = namesChanged ? Math.min(MIN_SCAN_INTERVAL_MS, scanIntervalMs) : scanIntervalMs
      return performance.now() - lastScanMs >= wait
    }
    /** Gives the block out; names are looked at also while nobody asks for the next. */
    async function* kept(block: TailedBlock): AsyncGenerator<TailedBlock> {
      const end = repeat(scanIntervalMs, () => files.scan())
      try {
        yield block
      } finally {
        await end()
      }
    }
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    try {
      while (!signal.aborted) {
        if (scanIsDue()) {
          namesChanged = false
          for (const directory of await files.scan()) hints.watch(directory)
          lastScanMs = performance.now()
        }
        for (const block of files.takePlaces()) yield* kept(block)
        for await (const block of restOfGivenUp(files, buffer, signal)) yield* kept(block)
        const block = await files.nextReady()?.next(buffer)
        if (signal.aborted) return
        if (block) yield* kept(block)
        else {
          if (files.nextReady() === null) await wakeUp.wait(pollIntervalMs, signal)
          await files.refresh()
        }
      }
    } finally {
      hints.close()
      await files.closeAll()
    }
  }
}

async function* restOfGivenUp(files: FollowedFiles, buffer: Uint8Array, signal: AbortSignal) {
  for (let file = files.takeGivenUp(); file !== null; file = files.takeGivenUp()) {
    try {
      for await (const block of file.rest(buffer)) {
        if (signal.aborted) return
        yield block
      }
    } finally {
      await file.close()
    }
  }
}
