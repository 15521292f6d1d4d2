import type { Readable } from 'node:stream'
import type { InputError } from '../errors.js'
import type { LineBlock } from '../records.js'
import { discoverLogFiles } from '../sources/discover.js'
import { FilesSource } from '../sources/files.js'
import type { Source } from '../sources/source.js'
import { StdinSource } from '../sources/stdin.js'
import type { Measure } from './run-input.js'

export interface OpenLogsInput {
  /** Files, globs, directories, `.gz`, `-`. */
  readonly inputs: readonly string[]
  /** As for `expandInput`. */
  readonly include?: readonly string[]
  /** Files and globs to leave out. */
  readonly exclude?: readonly string[]
  readonly stdin: Readable
  /** Told of each input that fails while another one can be read. */
  readonly onProblem: (problem: InputError) => void
}

export interface OpenedLogs {
  readonly source: Source
  /** Bytes read so far; `total` is null where standard input is read too. */
  readonly progress: Measure
}

/** Finds what LOGS name and makes one source of it: files first, then standard input. Throws `InputError` where nothing is found. */
export async function openLogs({ inputs, include, exclude, stdin, onProblem }: OpenLogsInput): Promise<OpenedLogs> {
  const found = await discoverLogFiles({ inputs, include, exclude, onProblem })
  const files = found.paths.length > 0 ? new FilesSource({ paths: found.paths, onProblem }) : null
  const sources: Source[] = files === null ? [] : [files]
  if (found.stdin) sources.push(new StdinSource({ input: stdin }))
  let stdinBytes = 0
  return {
    source: {
      async *read(signal: AbortSignal): AsyncGenerator<LineBlock> {
        for (const source of sources) {
          for await (const block of source.read(signal)) {
            if (source !== files) stdinBytes += block.bytes.length
            yield block
          }
        }
      },
    },
    progress: () => {
      const { readBytes, totalBytes } = files?.progress() ?? { readBytes: 0, totalBytes: 0 }
      return { done: readBytes + stdinBytes, total: found.stdin ? null : totalBytes, unit: 'bytes' }
    },
  }
}
