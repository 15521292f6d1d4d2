import type { Ledger, RejectionReason } from '../records.js'
import type { Labels } from './series-limit.js'

/** A counter with labels, as it stands. */
export interface LabelledCount {
  readonly labels: Labels
  readonly count: number
}

/** What became of the documents of one sink. */
export interface SinkCounts {
  readonly sink: string
  readonly stored: number
  readonly retries: number
  readonly refused: number
}

/** Input that could not be read; `bytes` are those that are known to be lost. */
export interface InputLoss {
  readonly reason: string
  readonly times: number
  readonly bytes: number
}

/** How the target halves of failures found their client halves. */
export interface PairCounts {
  /** Both came by one partition of the topic. */
  readonly together: number
  readonly apart: number
  /** The failure closed without a client half. */
  readonly alone: number
}

/** How far one partition of a topic has been read. */
export interface PartitionLag {
  readonly topic: string
  /** Its number. */
  readonly partition: number
  /** Records that are there and not read yet. */
  readonly records: number
  /** Event time that it has reached; null before the first line. */
  readonly reachedMs: number | null
}

/**
 * All numbers of a running processor at one moment; counts are since the process began. What a restart reads again of
 * what a former process had stored is in none of them but `readBytes` and `replayedBytes`.
 */
export interface Snapshot {
  /** Now: milliseconds since 1970. */
  readonly takenMs: number
  readonly ledger: Readonly<Ledger>
  readonly rejections: Readonly<Record<RejectionReason, number>>
  readonly requests: readonly LabelledCount[]
  readonly failures: readonly LabelledCount[]
  /** Failures, and those of them that were given out with one half. */
  readonly failed: number
  readonly orphans: number
  readonly evicted: number
  readonly late: number
  readonly pairs: PairCounts
  /** Of followed files. */
  readonly inputLosses: readonly InputLoss[]
  readonly readBytes: number
  readonly replayedBytes: number
  readonly sinks: readonly SinkCounts[]
  /** Documents that wait to be stored, now. */
  readonly unsent: number
  /** Of the partitions of a topic that are read here; none for other sources. */
  readonly partitions: readonly PartitionLag[]
  /** Event time that everything read has reached; null before the first line. */
  readonly reachedMs: number | null
  /** When positions were last saved; null before, and where none are kept. */
  readonly checkpointSavedMs: number | null
}
