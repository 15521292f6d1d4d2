import type { IndexDocument, Ledger, LineBlock, RejectionReason } from '../records.js'
import type { Sink } from '../sinks/sink.js'
import { EventTime } from './event-time.js'
import { FailureCounts, type SharedLabels } from './failure-counts.js'
import type { HealthState, Phase } from './health.js'
import { LabelValues } from './label-values.js'
import { type RequestCount, RequestCounts } from './request-counts.js'
import { type Agent, toShipperDocument } from './shipper-document.js'
import { SinkWatch } from './sink-watch.js'
import type { InputLoss, PairCounts, PartitionLag, Snapshot } from './snapshot.js'

export const MAX_TARGETS = 1_000
export const MAX_PROXIES = 1_000
/** How often a run gives a sign of life. */
const REPORT_MS = 60_000

export interface RunObserverOptions {
  /** Who the signs of life are from; without it none are given. */
  readonly reporter?: { readonly agent: Agent; readonly pipeline: string }
  /** `host:port` and base paths (without their first `/`) that have a series of their own whatever the log holds. */
  readonly knownTargets?: readonly string[]
  readonly knownProxies?: readonly string[]
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** A clock that never goes back. */
  readonly monotonicMs?: () => number
}

/** Where the numbers of a run are; read when they are asked for, so that nothing is counted twice over. */
export interface ObservedRun {
  readonly ledger: () => Readonly<Ledger>
  readonly losses: () => { readonly evicted: number; readonly late: number }
  /** Requests since the process began, replays left out. */
  readonly requests: () => Iterable<RequestCount>
  readonly pairs: () => PairCounts
  readonly inputLosses: () => readonly InputLoss[]
  readonly unsent: () => number
  readonly partitions: () => readonly PartitionLag[]
  /** The loop turns about once a second also where no lines come. */
  readonly hasTicks: boolean
}

/**
 * Sees one run from its start to its stop and holds its numbers. They tell of processing, not of the store: a process
 * counts each line, request and failure once, and leaves out what a former one had stored (`replay`). What was read
 * between the last checkpoint and a crash is counted by both processes; a clean stop leaves nothing of the kind. Costs
 * nothing for each line.
 */
export class RunObserver {
  readonly #options: RunObserverOptions & Required<Pick<RunObserverOptions, 'now' | 'monotonicMs'>>
  readonly #eventTime = new EventTime()
  readonly #failures: FailureCounts
  readonly #requests: RequestCounts
  readonly #sinks: SinkWatch[] = []
  readonly #rejections: Record<RejectionReason, number> = { ...NO_REJECTIONS }
  #run: ObservedRun = NO_RUN
  #replayed = { ledger: NO_LINES, losses: { evicted: 0, late: 0 }, pairs: NO_PAIRS }
  #isReplaying = false
  #phase: Phase = 'starting'
  #movedMs: number
  #waitsForLines = false
  #readBytes = 0
  #replayedBytes = 0
  #checkpointSavedMs: number | null = null
  #reported: Snapshot | null = null
  #reportedMs: number

  constructor(options: RunObserverOptions = {}) {
    this.#options = { now: Date.now, monotonicMs: () => performance.now(), ...options }
    const labels: SharedLabels = {
      target: new LabelValues({ max: MAX_TARGETS, absent: 'unknown', known: options.knownTargets }),
      proxy: new LabelValues({ max: MAX_PROXIES, absent: 'unknown', known: options.knownProxies }),
    }
    this.#failures = new FailureCounts(labels)
    this.#requests = new RequestCounts(labels)
    this.#movedMs = this.#reportedMs = this.#options.monotonicMs()
  }

  get snapshot(): Snapshot {
    const { ledger, losses, pairs } = this.#run
    const takenMs = this.#options.now()
    this.#failures.settle(this.#phase === 'stopping' ? Number.POSITIVE_INFINITY : this.#options.monotonicMs())
    return {
      takenMs,
      ledger: less(ledger(), this.#replayed.ledger),
      rejections: { ...this.#rejections },
      requests: this.#requests.sums(this.#run.requests()),
      failures: this.#failures.counts,
      failed: this.#failures.failed,
      orphans: this.#failures.orphans,
      ...less(losses(), this.#replayed.losses),
      pairs: less(pairs(), this.#replayed.pairs),
      inputLosses: this.#run.inputLosses(),
      readBytes: this.#readBytes,
      replayedBytes: this.#replayedBytes,
      sinks: this.#sinks.map(({ counts }) => counts),
      unsent: this.#run.unsent(),
      partitions: this.#run.partitions(),
      reachedMs: this.#eventTime.reachedMs(takenMs),
      checkpointSavedMs: this.#checkpointSavedMs,
    }
  }

  get health(): HealthState {
    const nowMs = this.#options.monotonicMs()
    return {
      phase: this.#phase,
      idleMs: nowMs - this.#movedMs,
      waitsForLines: this.#waitsForLines && !this.#run.hasTicks,
      sinks: this.#sinks,
      nowMs,
    }
  }

  /** For one sink that is about to be opened. */
  watch(sink: string): SinkWatch {
    const watch = new SinkWatch(sink, this.#options.monotonicMs)
    this.#sinks.push(watch)
    return watch
  }

  /** Sinks and source are open. */
  started(run: ObservedRun): void {
    this.#run = run
    this.#phase = 'running'
    this.waits()
  }

  /** A turn of the loop has come to its end: it waits for lines, or for its next tick. */
  waits(): void {
    this.#waitsForLines = true
    this.#movedMs = this.#options.monotonicMs()
  }

  /** The loop turns. */
  turns(): void {
    this.#waitsForLines = false
    this.#movedMs = this.#options.monotonicMs()
  }

  /** No more lines will be read. */
  stopping(): void {
    this.#phase = 'stopping'
    this.turns()
  }

  /** Does work on lines that a former process had stored; their numbers are left out. */
  replay<Result>(work: () => Result): Result {
    const ledger = { ...this.#run.ledger() }
    const losses = this.#run.losses()
    const pairs = { ...this.#run.pairs() }
    this.#isReplaying = true
    const result = work()
    this.#isReplaying = false
    this.#replayed = {
      ledger: plus(this.#replayed.ledger, less(this.#run.ledger(), ledger)),
      losses: plus(this.#replayed.losses, less(this.#run.losses(), losses)),
      pairs: plus(this.#replayed.pairs, less(this.#run.pairs(), pairs)),
    }
    return result
  }

  /** Part of a block was processed; `maxMs` is the largest event time in it, or minus infinity. */
  read({ source, bytes }: LineBlock, maxMs: number, { isReplay = false } = {}): void {
    this.#readBytes += bytes.length
    if (isReplay) this.#replayedBytes += bytes.length
    this.#eventTime.note(source.partition, maxMs, this.#options.now())
  }

  rejected(reason: RejectionReason): void {
    if (!this.#isReplaying) this.#rejections[reason]++
  }

  /** A half of the failure stands in lines that are replayed: it has been counted. */
  replayedFailure(id: string): void {
    this.#failures.countedBefore(id)
  }

  /** The documents were given out, which may not be for the first time. */
  gave(documents: readonly IndexDocument[]): void {
    if (documents.length === 0) return
    const nowMs = this.#options.monotonicMs()
    for (const each of documents) if (each.kind === 'failure') this.#failures.add(each.id, each.document, nowMs)
  }

  checkpointSaved(): void {
    this.#checkpointSavedMs = this.#options.now()
  }

  /** Gives the sinks a sign of life where one is due; the last one of a run always is. */
  report(sinks: readonly Sink[], { isLast = false } = {}): void {
    const { reporter, monotonicMs } = this.#options
    if (reporter === undefined || (!isLast && monotonicMs() - this.#reportedMs < REPORT_MS)) return
    const current = this.snapshot
    const document = toShipperDocument({ ...reporter, before: this.#reported, current })
    for (const sink of sinks) sink.report?.(document)
    this.#reported = current
    this.#reportedMs = monotonicMs()
  }
}

const NO_LINES: Readonly<Ledger> = { lines: 0, events: 0, plain: 0, stats: 0, continuations: 0, rejections: 0 }

const NO_PAIRS: PairCounts = { together: 0, apart: 0, alone: 0 }

const NO_REJECTIONS: Readonly<Record<RejectionReason, number>> = {
  too_long: 0,
  bad_timestamp: 0,
  bad_level: 0,
  missing_fields: 0,
  bad_field: 0,
  ambiguous: 0,
  unterminated: 0,
  no_record: 0,
  control_bytes: 0,
  bad_envelope: 0,
}

const NO_RUN: ObservedRun = {
  ledger: () => NO_LINES,
  losses: () => ({ evicted: 0, late: 0 }),
  requests: () => [],
  pairs: () => NO_PAIRS,
  inputLosses: () => [],
  unsent: () => 0,
  partitions: () => [],
  hasTicks: false,
}

type Numbers<Name extends string> = Readonly<Record<Name, number>>

function plus<Name extends string>(a: Numbers<Name>, b: Numbers<Name>): Record<Name, number> {
  return combine(a, b, 1)
}

function less<Name extends string>(a: Numbers<Name>, b: Numbers<Name>): Record<Name, number> {
  return combine(a, b, -1)
}

function combine<Name extends string>(a: Numbers<Name>, b: Numbers<Name>, sign: 1 | -1): Record<Name, number> {
  const names = Object.keys(a) as Name[]
  return Object.fromEntries(names.map((name) => [name, a[name] + sign * b[name]])) as Record<Name, number>
}
