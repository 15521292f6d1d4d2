import type { LineBlock, LineSource } from '../../records.js'
import { sourceAt } from '../log-file-name.js'
import type { FileCheckpoint } from './file-checkpoint.js'

/**
 * A file that is followed. The object stays the same for as long as the file does, also when it is renamed: tell files
 * apart by the object. Its identity gets more precise as a young file grows, and where reading goes on in a copy of the
 * file, it is that of the copy: read it when a checkpoint is made.
 */
export interface TailedSource extends LineSource {
  /** Names the file across renames and restarts, as `FileCheckpoint.identity`. */
  readonly identity: string
  /** How far it was read, as `FileCheckpoint.trail`; of a file that a rotator has packed, how far a former run had. */
  readonly trail?: string
  /** What it goes on from; null for a file that is read for the first time. */
  readonly resumed: FileCheckpoint | null
}

/** Lines of a followed file. */
export interface TailedBlock extends LineBlock {
  readonly source: TailedSource
  /** Where the next line begins: behind these lines, but for a line that was cut because it is too long. */
  readonly nextOffset: number
}

/** `path`: where the file was first seen. `known` tells what it is when it is asked. */
export function tailedSource(
  path: string,
  resumed: FileCheckpoint | null,
  known: () => Pick<TailedSource, 'identity' | 'trail'>,
): TailedSource {
  const source = sourceAt(path)
  return {
    ...source,
    partition: resumed?.partition ?? source.partition,
    resumed,
    get identity() {
      return known().identity
    },
    get trail() {
      return known().trail
    },
  }
}
