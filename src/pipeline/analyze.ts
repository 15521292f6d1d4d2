import type { ConfiguredProxy } from '../enrich/proxy.js'
import type { IndexDocument, Ledger } from '../records.js'
import type { Redactor } from '../redact/redactor.js'
import type { Source } from '../sources/source.js'
import { HeldFailures, type KnownOfTargets } from './held-failures.js'
import { HELD_WINDOWS } from './partition.js'
import { Processor } from './processor.js'

export interface AnalyzeOptions {
  readonly source: Source
  readonly redactor: Redactor
  readonly proxies?: readonly ConfiguredProxy[]
  readonly halvesOnly?: boolean
  /** Idle timeouts of targets where they are known, in milliseconds. */
  readonly timeouts?: ReadonlyMap<string, number>
  /** Takes the documents, failures in event-time order of completion; awaited, so that a slow reader slows the source. */
  readonly onDocuments: (documents: readonly IndexDocument[]) => void | Promise<void>
  readonly signal: AbortSignal
}

export interface Analysis extends KnownOfTargets {
  readonly ledger: Readonly<Ledger>
  /** First and last event time read, in milliseconds; null where there was none. */
  readonly range: { readonly minMs: number; readonly maxMs: number } | null
  /** Failures that left the join early, for want of room. */
  readonly evicted: number
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
  const { source, onDocuments, signal } = options
  const processor = new Processor({
    ...options,
    windowMs: WINDOW_MS,
    latenessMs: LATENESS_MS,
    maxPending: MAX_PENDING,
    emit: 'final',
    withHalves: false,
    heldWindows: HELD_WINDOWS,
  })
  const held = new HeldFailures(options)
  const deliver = async (documents: readonly IndexDocument[]): Promise<void> => {
    if (documents.length > 0) await onDocuments(documents)
  }
  for await (const block of source.read(signal)) {
    processor.process(block)
    processor.advance({ together: true })
    await deliver(held.add(processor.take()))
  }
  signal.throwIfAborted()
  processor.finish()
  await deliver(held.add(processor.take()))
  await deliver(held.end())
  return {
    ledger: processor.ledger,
    range: processor.range,
    evicted: processor.losses.evicted,
    ...held.known(processor.idleTimes()),
  }
}
