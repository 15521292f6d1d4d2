import type { IndexDocument, LineBlock, RejectionReason } from '../records.js'
import type { Sink } from '../sinks/sink.js'
import { EventTime } from './event-time.js'
import { FailureCounts, type SharedLabels } from './failure-counts.js'
import type { HealthState, Phase } from './health.js'
import { LabelValues } from './label-values.js'
import { after, ended, less, NO_RUN, type ObservedRun, plus } from './past-runs.js'
import { RequestCounts } from './request-counts.js'
import { type Agent, toShipperDocument } from './shipper-document.js'
import { SinkWatch } from './sink-watch.js'
import type { SinkCounts, Snapshot } from './snapshot.js'

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

/**
 * Sees the runs of a process, one after another, from start to stop and holds their numbers. They tell of processing, not of the store: a process
 * counts each line, request and failure once, and leaves out what a former one had stored (`replay`). What was read
 * between the last checkpoint and a crash is counted by both processes; a clean stop leaves nothing of the kind. Costs
 * nothing for each line.
 */
export class RunObserver {
  readonly #options: RunObserverOptions & Required<Pick<RunObserverOptions, 'now' | 'monotonicMs'>>
  readonly #eventTime = new EventTime()
  readonly #failures: FailureCounts
  readonly #requests: RequestCounts
  #sinks: SinkWatch[] = []
  /** Of runs that have ended. */
  readonly #pastSinks = new Map<string, SinkCounts>()
  readonly #rejections: Record<RejectionReason, number> = { ...NO_REJECTIONS }
  #run: ObservedRun = NO_RUN
  #replayed = { ledger: NO_RUN.ledger(), losses: NO_RUN.losses(), pairs: NO_RUN.pairs() }
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
      sinks: [...this.#pastSinks.values(), ...this.#sinks.map(({ counts }) => counts)],
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
    this.#run = after(this.#run, run)
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

  /** The run has ended, and another one follows in this process. */
  ended(): void {
    this.#run = ended(this.#run)
    for (const { counts } of this.#sinks) {
      const { sink, ...past } = this.#pastSinks.get(counts.sink) ?? {
        sink: counts.sink,
        stored: 0,
        retries: 0,
        refused: 0,
      }
      const { sink: _, ...more } = counts
      this.#pastSinks.set(sink, { sink, ...plus(past, more) })
    }
    this.#sinks = []
    this.#phase = 'starting'
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
