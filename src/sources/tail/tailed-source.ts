import type { LineBlock, LineSource } from '../../records.js'

/**
 * A file that is followed. The object stays the same for as long as the file does, also when it is renamed: tell files
 * apart by the object. Its identity gets more precise as a young file grows: read it when a checkpoint is made.
 */
export interface TailedSource extends LineSource {
  /** Names the file across renames and restarts, as `FileCheckpoint.identity`. */
  readonly identity: string
}

/** Lines of a followed file. */
export interface TailedBlock extends LineBlock {
  readonly source: TailedSource
  /** Where the next line begins: behind these lines, but for a line that was cut because it is too long. */
  readonly nextOffset: number
}
