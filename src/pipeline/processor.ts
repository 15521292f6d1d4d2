import { readCounters, type StatsDelta } from '../count/stats.js'
import { ForgottenTotals, type RequestTotal, requestTotals } from '../count/totals.js'
import type { TrafficCell, TrafficCounter } from '../count/traffic.js'
import { TargetMemory } from '../enrich/targets.js'
import { decode, type EventView, Field, Role } from '../event-view.js'
import { Joiner, type PairCounts } from '../join/joiner.js'
import type { LineHandler, TextView } from '../line-handler.js'
import { LineParser } from '../parse/line-parser.js'
import type {
  Failure,
  IndexDocument,
  Ledger,
  LineBlock,
  LineSource,
  RejectionReason,
  RequestFacts,
} from '../records.js'
import { type InferredTarget, toFailureDocument, toTrafficDocument, UNKNOWN_TARGET } from './document.js'
import { EVIDENCE_HORIZON_MS, type KnownDimensions, newPartition, type Partition, windowsSinceMs } from './partition.js'
import type { ProcessorOptions } from './processor-options.js'
import { RequestReader } from './request-reader.js'
import type { KnownIdleTimes, ReuseEvidence } from './reuse-evidence.js'

/**
 * Every step of the path between source and sinks, for all partitions: parse → redact → count, join → enrich →
 * diagnose → documents. Synchronous and without clock or input of its own: what comes out depends on the lines and
 * their order only.
 */
export class Processor implements LineHandler {
  readonly #options: ProcessorOptions
  readonly #parser: LineParser
  readonly #joiner: Joiner
  readonly #reader: RequestReader
  readonly #targets = new TargetMemory({ horizonMs: EVIDENCE_HORIZON_MS })
  readonly #partitions = new Map<string, Partition>()
  #partition: Partition | null = null
  /** Those that got lines since the watermarks were last looked at: no other's has moved. */
  readonly #moved = new Set<Partition>()
  /** The furthest watermark. */
  #latestMs = Number.NEGATIVE_INFINITY
  #blockMaxMs = Number.NEGATIVE_INFINITY
  /** Time of the first line of the block at hand; infinity where none of its lines has one. */
  #blockFirstMs = Number.POSITIVE_INFINITY
  /** The block at hand is the begin of a gateway process. */
  #beginsProcess = false
  /** What is known of connections where its lines may be part of it. */
  #reuse: ReuseEvidence | null = null
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = Number.NEGATIVE_INFINITY
  #documents: IndexDocument[] = []
  readonly #forgotten = new ForgottenTotals()

  constructor(options: ProcessorOptions) {
    this.#options = options
    this.#parser = new LineParser(this, { halvesOnly: options.halvesOnly })
    this.#joiner = new Joiner(options)
    this.#reader = new RequestReader(options)
  }

  get ledger(): Readonly<Ledger> {
    return this.#parser.ledger
  }

  /** Failures that had to leave the join early, and lines too late to be counted as traffic. */
  get losses(): { readonly evicted: number; readonly late: number } {
    let late = this.#forgotten.late
    for (const { traffic } of this.#partitions.values()) late += traffic.late
    return { evicted: this.#joiner.evicted, late }
  }

  /** How the halves that were joined here came. */
  get pairs(): Readonly<PairCounts> {
    return this.#joiner.pairs
  }

  /** First and last event time seen, in milliseconds; null before the first. */
  get range(): { readonly minMs: number; readonly maxMs: number } | null {
    return this.#maxMs < this.#minMs ? null : { minMs: this.#minMs, maxMs: this.#maxMs }
  }

  /** How long connections had been idle when they were taken, of all that was read; by target and API. */
  *idleTimes(): Iterable<KnownIdleTimes> {
    for (const { reuse } of this.#partitions.values()) yield* reuse?.idleTimes ?? []
  }

  /** Requests that were counted since the process began, without those of replays: for each partition and dimension. */
  *requests(): Iterable<RequestTotal> {
    yield* this.#forgotten.requests
    for (const { traffic } of this.#partitions.values()) yield* requestTotals(traffic)
  }

  /**
   * Takes a block; returns the largest event time in it, or minus infinity. A replay is read for the state alone: what
   * its lines alone give is stored already, from more evidence than is there where it begins, and is not given again.
   */
  process(block: LineBlock, { isReplay = false }: { readonly isReplay?: boolean } = {}): number {
    // Where lines came before, this is the log that follows one which a rotator took away.
    this.#beginsProcess =
      block.offset === 0 && block.source.isFirst === true && !this.#partitions.has(block.source.partition)
    this.#partition = this.#partitionOf(block.source)
    this.#moved.add(this.#partition)
    this.#partition.traffic.isReplay = isReplay
    this.#joiner.isReplay = isReplay
    this.#reuse = this.#options.mayRepeat === true && block.source.isWhole !== true ? null : this.#partition.reuse
    if (this.#beginsProcess) this.#partition.stats.processStarted()
    this.#blockMaxMs = Number.NEGATIVE_INFINITY
    this.#blockFirstMs = Number.POSITIVE_INFINITY
    this.#parser.parse(block)
    return this.#blockMaxMs
  }

  /**
   * Closes what the watermarks have left behind. With `together`, no partition's failures close before the others
   * have got as far: documents then come in event-time order over all partitions. That asks for a source that gives
   * the blocks of all partitions in the order of their first lines: then none that follows begins before this one did,
   * and a partition that is far behind has ended, or has a gap there.
   */
  advance({ together = false }: { readonly together?: boolean } = {}): void {
    for (const partition of this.#moved) {
      const { watermarkMs } = partition.clock
      this.#latestMs = Math.max(this.#latestMs, watermarkMs)
      if (partition.traffic.open > (this.#options.heldWindows ?? 0)) {
        this.#emitTraffic(partition, partition.traffic.close(watermarkMs))
      }
      partition.seen?.close(this.#countedFromMs(partition))
    }
    this.#moved.clear()
    const latestMs = this.#latestMs
    if (!together) {
      this.#emitFailures(
        this.#joiner.close((name) => this.#partitions.get(name)?.clock.watermarkMs ?? latestMs, latestMs),
      )
      return
    }
    let leastMs = Math.min(latestMs, this.#blockFirstMs - this.#options.latenessMs)
    for (const { clock } of this.#partitions.values()) {
      if (clock.watermarkMs >= latestMs - EVIDENCE_HORIZON_MS) leastMs = Math.min(leastMs, clock.watermarkMs)
    }
    this.#emitFailures(this.#joiner.close(() => leastMs, leastMs))
  }

  /** Emits what one quiet partition holds, as it stands; all stays open. False where a line is held back that may go on in the next. */
  flush(name: string): boolean {
    const partition = this.#partitions.get(name)
    if (partition === undefined) return false
    this.#emitFailures(
      this.#joiner.close(
        (each) => (each === name ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY),
        Number.POSITIVE_INFINITY,
      ),
    )
    this.#emitTraffic(partition, partition.traffic.snapshot())
    return this.#parser.isWhole(name)
  }

  /** Emits all that has changed since it was last emitted, as it stands and for all partitions; everything stays open. */
  emitChanged(): void {
    this.#emitFailures(this.#joiner.changed())
    for (const partition of this.#partitions.values()) this.#emitTraffic(partition, partition.traffic.changed())
  }

  /** Lets go of all that is known of partitions that are no longer read here. */
  forget(isGone: (partition: string) => boolean): void {
    this.#parser.forget(isGone)
    this.#joiner.forget(isGone)
    this.#targets.forget(isGone)
    for (const [name, partition] of this.#partitions) {
      if (!isGone(name)) continue
      this.#moved.delete(partition)
      this.#partitions.delete(name)
      this.#forgotten.add(partition.traffic)
    }
    this.#partition = null
  }

  /** Settles and emits everything: the end of the input, or a stop. */
  finish(): void {
    this.#parser.finish()
    this.#emitFailures(this.#joiner.closeAll())
    for (const partition of this.#partitions.values()) this.#emitTraffic(partition, partition.traffic.snapshot())
  }

  /** The documents since the last call. */
  take(): IndexDocument[] {
    const documents = this.#documents
    if (documents.length > 0) this.#documents = []
    return documents
  }

  /** Tells the event time from which on lines are still needed for what is open in a partition, as it is now. */
  openSinceMs(): (partition: string) => number {
    const halvesMs = this.#joiner.earliestMs()
    return (name) => Math.min(windowsSinceMs(this.#partitions.get(name)), halvesMs(name))
  }

  event(view: EventView): void {
    const partition = this.#currentPartition(view.source)
    const { timeMs, role } = view
    this.#observe(timeMs)
    const worker = view.number(Field.pid) ?? 0
    const reuse = this.#reuseAt(partition, timeMs, partition.clock.observe(worker, timeMs))
    if (role === Role.targetRequest) {
      const known = this.#dimensions(partition, view)
      if (partition.seen?.isNew(view) ?? true) {
        this.#count(partition, known.cell, timeMs, REQUEST)
        if (known.connections !== null) reuse?.requested(known.connections, view)
      }
      partition.stats.sawRequest(worker)
      if (known.target !== null) known.targets.observe(known.target, timeMs)
    } else if (role === Role.targetResponse || role === Role.targetResponseClose) {
      if (partition.seen?.isNew(view) === false) return
      const { cell, connections } = this.#dimensions(partition, view)
      if (role === Role.targetResponse) this.#count(partition, cell, timeMs, RESPONSE)
      if (connections !== null) reuse?.responded(connections, view)
    } else if (role >= Role.targetRequestError) {
      if (this.#givesAway(view)) return
      if (role === Role.clientAborted) this.#noteClientAborted(partition, view)
      else this.#join(partition, view, reuse)
    }
  }

  plain(view: TextView): void {
    this.#observe(view.timeMs)
    const started = /^worker (\d{1,9}) is online/.exec(
      decode(view.bytes, view.textStart, Math.min(view.lineEnd, view.textStart + 64)),
    )
    if (started === null) return
    const { clock, seen, stats } = this.#currentPartition(view.source)
    if (seen?.isNewText(view) === false) return
    stats.started(Number(started[1]))
    const worker = Number(started[1])
    if (seen === null || clock.isInOrder(worker, view.timeMs)) this.#reuse?.workerStarted(worker, view.timeMs)
  }

  stats(view: TextView): void {
    this.#observe(view.timeMs)
    const partition = this.#currentPartition(view.source)
    if (this.#options.isScattered === true || partition.seen?.isNewText(view) === false) return
    const counters = readCounters(decode(view.bytes, view.textStart, view.lineEnd))
    const delta = partition.stats.stats(Number(view.pid), counters)
    if (delta === null) return
    const cell = partition.traffic.cellOf({ target: null, proxy: null, org: null, env: null, basis: 'stats' })
    this.#count(partition, cell, view.timeMs, delta)
  }

  continuation(): void {}

  rejection(reason: RejectionReason, view: TextView): void {
    this.#options.onRejection?.(reason, view)
  }

  #count(partition: Partition, cell: TrafficCell, timeMs: number, counts: StatsDelta): void {
    const { traffic, seen } = partition
    // Where windows are held to the end, no line is late; but one that is older than what is remembered may be a repeated one.
    const isAnyTimely = this.#options.heldWindows !== undefined && seen === null
    const fromMs = isAnyTimely ? Number.NEGATIVE_INFINITY : this.#countedFromMs(partition)
    traffic.add(cell, timeMs, counts.requests, counts.responses, fromMs)
  }

  /** Lines of windows before it are late, or may have been counted. */
  #countedFromMs({ clock }: Partition): number {
    return clock.watermarkMs - (this.#options.heldWindows === undefined ? 0 : EVIDENCE_HORIZON_MS)
  }

  #observe(timeMs: number): void {
    if (timeMs > this.#blockMaxMs) this.#blockMaxMs = timeMs
    if (this.#blockFirstMs === Number.POSITIVE_INFINITY) {
      this.#blockFirstMs = timeMs
      if (this.#beginsProcess) this.#reuse?.processStarted(timeMs)
    }
    if (timeMs > this.#maxMs) this.#maxMs = timeMs
    if (timeMs < this.#minMs) this.#minMs = timeMs
  }

  /** What is replayed was given away before. */
  #givesAway(view: EventView): boolean {
    const { onFailureLine } = this.#options
    if (onFailureLine === undefined || view.isEmpty(Field.correlationId)) return false
    if (!this.#joiner.isReplay) onFailureLine(view)
    return true
  }

  /** Where lines may come twice, what came late or again takes no part: its worker wrote later ones, or the watermark is past it. */
  #reuseAt({ seen, clock }: Partition, timeMs: number, isInOrder: boolean): ReuseEvidence | null {
    return seen === null || (isInOrder && timeMs >= clock.watermarkMs) ? this.#reuse : null
  }

  #join(partition: Partition, view: EventView, reuse: ReuseEvidence | null): void {
    const isOfRequest = view.role === Role.targetRequestError && reuse !== null
    const connections = isOfRequest ? this.#dimensions(partition, view).connections : null
    const half = this.#reader.half(view, connections && (reuse?.failed(connections, view) ?? null))
    const id = this.#reader.idOf(view)
    if (this.#joiner.isReplay) this.#options.onReplayedHalf?.(id)
    if (half.role !== 'client' && half.host !== null && !this.#options.halvesOnly) {
      this.#dimensions(partition, view).targets.observe(half.host, view.timeMs)
    }
    this.#emitFailures(
      this.#joiner.add({
        id,
        half,
        partition: partition.name,
        watermarkMs: partition.clock.watermarkMs,
        request: () => this.#facts(partition, view),
        // A target half tells its target, so nothing has to be inferred for it.
        isWhole: view.uncertain.length === 0 && view.role !== Role.client,
      }),
    )
  }

  /** A target is inferred at once, from the lines before: later it would depend on how far a block reaches. */
  #facts(partition: Partition, view: EventView): RequestFacts {
    const facts = this.#reader.facts(view)
    if (view.role !== Role.client || facts.proxy === null) return facts
    // Read again before what is stored for good: the evidence of that time is not whole any more, the store has it.
    if (view.timeMs < (this.#options.closedUntilMs?.get(partition.name) ?? Number.NEGATIVE_INFINITY)) return facts
    const configured = this.#reader.finder.configured(facts.proxy)?.target
    const inferredTarget = configured ?? this.#inferred(partition, facts.proxy, view.timeMs)
    return inferredTarget === null ? facts : { ...facts, inferredTarget }
  }

  #inferred(partition: Partition, proxy: string, timeMs: number): string | null {
    return this.#options.isScattered === true ? null : this.#targets.of(partition.name, proxy).infer(timeMs)
  }

  #noteClientAborted(partition: Partition, view: EventView): void {
    const id = view.text(Field.correlationId)
    if (id === null) return
    this.#emitFailures(
      this.#joiner.noteClientAborted({
        id,
        partition: partition.name,
        watermarkMs: partition.clock.watermarkMs,
        timeMs: view.timeMs,
        afterMs: view.number(Field.timeTaken) ?? 0,
      }),
    )
  }

  /** Host, worker, org, env and base path stand side by side in the line, so one look-up finds all that they mean. */
  #dimensions(partition: Partition, view: EventView): KnownDimensions {
    const { bytes, start, end } = view
    const from = start[Field.host]
    const to = this.#reader.finder.endOfBasePath(bytes, start[Field.url], end[Field.url])
    const known = partition.dimensions.get(bytes, from, to)
    if (known !== undefined) return known
    const proxy = this.#reader.proxyOf(view)
    const target = view.text(Field.host)
    const cell = partition.traffic.cellOf({
      target,
      proxy,
      org: view.knownText(Field.org),
      env: view.knownText(Field.env),
      basis: 'lines',
    })
    const dimensions = {
      cell,
      target,
      targets: this.#targets.of(partition.name, proxy ?? ''),
      connections: partition.reuse?.of(view.number(Field.pid) ?? 0, target ?? '', proxy ?? '') ?? null,
    }
    partition.dimensions.add(bytes, from, to, dimensions)
    return dimensions
  }

  #emitFailures(failures: readonly Failure[]): void {
    for (const failure of failures) {
      const { inferredTarget = null } = failure.request
      const inferred: InferredTarget =
        inferredTarget === null ? UNKNOWN_TARGET : { target: inferredTarget, source: 'inferred' }
      this.#documents.push({
        kind: 'failure',
        id: failure.id,
        document: toFailureDocument(failure, inferred, this.#options),
      })
    }
  }

  #emitTraffic(partition: Partition, counts: ReturnType<TrafficCounter['close']>): void {
    const from = { partition: partition.name, gateway: this.#reader.gatewayOf(partition.source) }
    for (const count of counts) this.#documents.push({ kind: 'traffic', ...toTrafficDocument(from, count) })
  }

  #currentPartition(source: LineSource): Partition {
    const current = this.#partition
    return current !== null && current.name === source.partition ? current : this.#partitionOf(source)
  }

  #partitionOf(source: LineSource): Partition {
    const known = this.#partitions.get(source.partition)
    if (known !== undefined) return known
    const partition = newPartition(source, this.#options)
    this.#partitions.set(source.partition, partition)
    return partition
  }
}

const REQUEST: StatsDelta = { requests: 1, responses: 0 }
const RESPONSE: StatsDelta = { requests: 0, responses: 1 }
