import type { Readable, Writable } from 'node:stream'
import type { PipelineConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import type { HangupError } from '../errors.js'
import type { RunObserver } from '../observability/observer.js'
import type { IndexDocument, Ledger } from '../records.js'
import type { Loss } from '../sources/tail/tail-losses.js'
import type { Backfill } from './backfill/plan.js'
import type { KnownOfTargets } from './held-failures.js'

export interface RunInput {
  readonly config: PipelineConfig
  /** End when the input is exhausted; a followed file is then read from its beginning to its end. */
  readonly once: boolean
  /** Read this part of the topic, and no more. */
  readonly backfill?: Backfill
  readonly proxies: readonly ConfiguredProxy[]
  /** This machine's name, for `gateway.hostFrom: machine`. */
  readonly machine: string
  readonly stdin: Readable
  readonly stdout: Writable
  /** Its abort is a clean stop. */
  readonly signal: AbortSignal
  readonly onProblem: (problem: HangupError) => void
  /** Told of what an operator should know and need not act on. */
  readonly onNotice?: (notice: string) => void
  /** Called when reading begins. */
  readonly onStart?: (measure: Measure) => void
  /** Told of what the sinks are given. */
  readonly onGiven?: (documents: readonly IndexDocument[]) => void
  readonly timing?: Timing
  /** Holds the numbers of this run, for whoever asks; one for each run. */
  readonly observer?: RunObserver
}

/** On our clock, in milliseconds. */
export interface Timing {
  /** How often positions are saved, and quiet sources looked at. */
  readonly tickMs: number
  /** A source without new lines for so long gives out what it holds. */
  readonly quietMs: number
}

/** How far reading is, of files in bytes and of topics in messages. `total` is null where the end is not known. */
export type Measure = () => {
  readonly done: number
  readonly total: number | null
  readonly unit: 'bytes' | 'messages'
}

export interface RunResult {
  readonly ledger: Readonly<Ledger>
  readonly range: { readonly minMs: number; readonly maxMs: number } | null
  readonly losses: { readonly evicted: number; readonly late: number }
  /** Documents that every sink has confirmed; a failure that came in two parts counts twice. */
  readonly documents: number
  /** Lines that brokers have confirmed. */
  readonly shipped: number
  /** Of them, those that a store would not take: dead letters. */
  readonly refused: number
  /** Null where the run did not go to the end of its input. */
  readonly known: KnownOfTargets | null
  /** Of followed files: how often lines were lost or may have been, and the bytes that are known to be. */
  readonly lostInput: Loss
}
