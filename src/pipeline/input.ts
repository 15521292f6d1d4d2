import type { PartitionLag } from '../observability/snapshot.js'
import type { Source } from '../sources/source.js'
import type { TailLosses } from '../sources/tail/tail-losses.js'
import type { CheckpointStore } from './checkpoint-store.js'
import type { InputProgress } from './progress.js'
import type { Measure, RunInput } from './run-input.js'

/** Where the lines of a run come from, and where its positions are kept. */
export interface Input {
  readonly source: Source
  readonly measure: Measure
  readonly progress: InputProgress
  /** False where nothing remembers how far the run has come. */
  readonly keepsPositions: boolean
  /** Per partition: windows that begin before this are stored already. */
  readonly closedUntilMs: Readonly<Record<string, number>>
  /** What could not be read of followed files; absent for other sources. */
  readonly losses?: TailLosses
  /** Of the partitions of a topic. */
  lag(): readonly PartitionLag[]
  close(): Promise<void>
}

export interface InputOptions
  extends Pick<RunInput, 'config' | 'once' | 'backfill' | 'stdin' | 'onProblem' | 'signal'> {
  /** Another topic of which the group reads all that comes, beside that of the source; null where there is none. */
  readonly repartitionTopic: string | null
  /** Null where positions are not kept in a file. */
  readonly checkpoints: CheckpointStore | null
  /** Told of partitions that are no longer read here. */
  readonly onGone: (isGone: (partition: string) => boolean) => void
}
