import type { IdleTimeoutEstimate } from '../diagnose/idle-timeout.js'
import { IdleTimesByTarget, type TargetIdleTimes } from '../diagnose/target-idle-times.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import type { CaptureMatches } from '../pcap/match/capture-matches.js'
import type { IdleTimeout } from '../pcap/verdict/idle-timeout.js'
import type { IndexDocument, Ledger } from '../records.js'
import type { Redactor } from '../redact/redactor.js'
import type { Source } from '../sources/source.js'
import { HeldFailures } from './held-failures.js'
import { MatchedFailures } from './matched-failures.js'
import { HELD_WINDOWS } from './partition.js'
import { Processor } from './processor.js'

export interface AnalyzeOptions {
  readonly source: Source
  readonly redactor: Redactor
  readonly proxies?: readonly ConfiguredProxy[]
  readonly halvesOnly?: boolean
  /** Idle timeouts of targets where they are known, in milliseconds. */
  readonly timeouts?: ReadonlyMap<string, number>
  /** What packets tell of a failure goes before what its lines do, and of targets before what failures do. */
  readonly captures?: CaptureMatches
  /** Takes the documents, failures in event-time order of completion; awaited, so that a slow reader slows the source. */
  readonly onDocuments: (documents: readonly IndexDocument[]) => void | Promise<void>
  readonly signal: AbortSignal
}

export interface Analysis {
  readonly ledger: Readonly<Ledger>
  /** First and last event time read, in milliseconds; null where there was none. */
  readonly range: { readonly minMs: number; readonly maxMs: number } | null
  /** Failures that left the join early, for want of room. */
  readonly evicted: number
  /** By target: what its resets tell of its idle timeout. */
  readonly estimates: ReadonlyMap<string, IdleTimeoutEstimate>
  /** By target: how long connections had been idle when requests took them. */
  readonly idleTimes: ReadonlyMap<string, TargetIdleTimes>
}

/** The join's defaults, where no pipeline file says otherwise. */
const WINDOW_MS = 5_000
const LATENESS_MS = 60_000
const MAX_PENDING = 100_000

/**
 * Reads a source to its end without storing anything: each failure is given once, in its final form. Throws the reason
 * of the signal where that aborts before the end: then what was open is not given, for nobody knows how it ends.
 */
export async function analyze(options: AnalyzeOptions): Promise<Analysis> {
  const { source, onDocuments, signal, captures } = options
  const seenTimeouts = captures?.idleTimeouts ?? new Map<string, IdleTimeout>()
  const processor = new Processor({
    ...options,
    windowMs: WINDOW_MS,
    latenessMs: LATENESS_MS,
    maxPending: MAX_PENDING,
    emit: 'final',
    withHalves: false,
    heldWindows: HELD_WINDOWS,
  })
  const held = new HeldFailures({ timeouts: options.timeouts ?? timeoutsOf(seenTimeouts) })
  const matched = captures === undefined ? null : new MatchedFailures(captures)
  const idleTimes = new IdleTimesByTarget()
  const take = (): readonly IndexDocument[] => {
    const documents = processor.take()
    for (const each of documents) if (each.kind === 'failure') idleTimes.addFailure(each.document)
    return held.add(documents)
  }
  const deliver = async (documents: readonly IndexDocument[]): Promise<void> => {
    const passing = matched?.add(documents) ?? documents
    if (passing.length > 0) await onDocuments(passing)
  }
  for await (const block of source.read(signal)) {
    processor.process(block)
    processor.advance({ together: true })
    await deliver(take())
  }
  signal.throwIfAborted()
  processor.finish()
  await deliver(take())
  await deliver(held.end())
  if (matched !== null) await onDocuments(matched.end())
  for (const { target, times } of processor.idleTimes()) if (target !== '') idleTimes.add(target, times)
  return {
    ledger: processor.ledger,
    range: processor.range,
    evicted: processor.losses.evicted,
    estimates: withSeen(held.judge.estimates(), seenTimeouts),
    idleTimes: idleTimes.all,
  }
}

const timeoutsOf = (seen: ReadonlyMap<string, IdleTimeout>): ReadonlyMap<string, number> =>
  new Map([...seen].map(([target, { timeoutMs }]) => [target, timeoutMs] as const))

/** What captures show of idle timeouts in the place of what resets tell. */
function withSeen(
  estimates: ReadonlyMap<string, IdleTimeoutEstimate>,
  seen: ReadonlyMap<string, IdleTimeout>,
): ReadonlyMap<string, IdleTimeoutEstimate> {
  const all = new Map(estimates)
  for (const [target, { timeoutMs, lowMs, highMs, closes }] of seen) {
    const races = estimates.get(target)?.races ?? 0
    const rounded = { timeoutMs: Math.round(timeoutMs), lowMs: Math.floor(lowMs), highMs: Math.ceil(highMs) }
    all.set(target, { state: 'estimated', ...rounded, races, seenCloses: closes })
  }
  return all
}
