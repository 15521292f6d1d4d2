import type { InputError } from '../../errors.js'
import { DEFAULT_MAX_LINE_BYTES } from '../line-framer.js'
import type { Source } from '../source.js'
import { DirectoryHints } from './directory-hints.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { FollowedFiles } from './followed-files.js'
import type { TailedBlock } from './tailed-source.js'
import { WakeUp } from './wake-up.js'

const BLOCK_BYTES = 1024 * 1024

/** In a directory where names change all the time, names are not looked at more often than this. */
const MIN_SCAN_INTERVAL_MS = 100

export interface TailOptions {
  /** Files, globs, directories; what they name need not exist yet. Gzip is left alone. */
  readonly paths: readonly string[]
  /** Files and globs to leave out. */
  readonly exclude?: readonly string[]
  /** Where files begin that are there at the first start, without checkpoints; later ones are read whole. */
  readonly start?: 'beginning' | 'end'
  readonly resume?: readonly FileCheckpoint[]
  /** How often names are looked at; a hint of the file system may come sooner. */
  readonly scanIntervalMs?: number
  /** How often sizes are looked at when there is nothing to read; a hint of the file system may come sooner. */
  readonly pollIntervalMs?: number
  readonly maxLineBytes?: number
  /** Files that were not read for so long are closed until they grow. */
  readonly closeIdleMs?: number
  /** Of files that were not written to for so long when they are first seen, only what comes later is read. */
  readonly ignoreOlderThanMs?: number
  readonly onProblem: (problem: InputError) => void
}

/**
 * Follows files that grow and never ends by itself; reads only when pulled. A line waits until it is whole. A file keeps
 * its identity when it is renamed and is read to its end before it is let go: then, and only then, a `last` block comes.
 *
 * Limits: what is written to a file after it was renamed out of the paths, replaced by a new one and then not written to
 * for two scan intervals is not seen; a file that is cut and has grown beyond its old size before the next look is not told from
 * one that only grew; what is written to a file that rests (`closeIdleMs`) and is deleted before the next look is not seen.
 */
export class TailSource implements Source {
  readonly #options: Required<TailOptions>

  constructor(options: TailOptions) {
    this.#options = {
      exclude: [],
      start: 'beginning',
      resume: [],
      scanIntervalMs: 1000,
      pollIntervalMs: 250,
      maxLineBytes: DEFAULT_MAX_LINE_BYTES,
      closeIdleMs: 5 * 60_000,
      ignoreOlderThanMs: Number.POSITIVE_INFINITY,
      ...options,
    }
  }

  async *read(signal: AbortSignal): AsyncGenerator<TailedBlock> {
    const { scanIntervalMs, pollIntervalMs } = this.#options
    const files = new FollowedFiles({ ...this.#options, quietMs: 2 * scanIntervalMs })
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
    const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    try {
      while (!signal.aborted) {
        if (scanIsDue()) {
          namesChanged = false
          for (const directory of await files.scan()) hints.watch(directory)
          lastScanMs = performance.now()
        }
        yield* restOfGivenUp(files, buffer, signal)
        const block = await files.nextReady()?.next(buffer)
        if (signal.aborted) return
        if (block) yield block
        else if (files.nextReady() === null) {
          await wakeUp.wait(pollIntervalMs, signal)
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
