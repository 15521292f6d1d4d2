import type { Readable, Writable } from 'node:stream'
import type { PipelineConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import { ConfigError, type HangupError } from '../errors.js'
import { RunObserver } from '../observability/observer.js'
import { Redactor } from '../redact/redactor.js'
import type { Sink } from '../sinks/sink.js'
import { CheckpointSaver } from './checkpoint-saver.js'
import { CheckpointStore } from './checkpoint-store.js'
import { closeAll } from './close-all.js'
import { DeadLetters } from './dead-letters.js'
import { Delivery } from './delivery.js'
import { type Input, openInput } from './open-input.js'
import { openSink } from './open-sinks.js'
import { HELD_WINDOWS, Processor, type ProcessorOptions } from './processor.js'
import type { Save } from './progress.js'
import { loadRedactionKey } from './redaction-key.js'
import { Activity, withTicks } from './ticks.js'

export interface RunInput {
  readonly config: PipelineConfig
  /** End when the input is exhausted; a followed file is then read from its beginning to its end. */
  readonly once: boolean
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

export type Measure = () => { readonly readBytes: number; readonly totalBytes: number | null }

export interface RunResult {
  readonly ledger: Processor['ledger']
  readonly range: Processor['range']
  readonly losses: Processor['losses']
  /** Documents that every sink has confirmed; a failure that came in two parts counts twice. */
  readonly documents: number
  /** Of them, those that a store would not take: dead letters. */
  readonly refused: number
}

const TIMING: Timing = { tickMs: 1_000, quietMs: 10_000 }

/**
 * Runs a pipeline: source → processor → delivery → sinks, and positions behind them. Ends when the input is exhausted
 * or the signal aborts; either way everything read is stored, or an error is thrown and the checkpoint has not moved.
 */
export async function runPipeline(input: RunInput): Promise<RunResult> {
  const { config, once, observer = new RunObserver() } = input
  const missing = missingIn(config)
  if (missing !== null) throw missing
  const redactor = new Redactor(config.redact, await loadRedactionKey(config.state.directory))
  const follows = config.source.kind === 'tail' && !once
  const checkpoints = follows
    ? await CheckpointStore.open({
        directory: config.state.directory,
        pipelineName: config.name,
        onProblem: input.onProblem,
      })
    : null
  const deadLetters = new DeadLetters(config.deadLetters.path, (text) => redactor.rejected(text))
  const sinks: Sink[] = []
  const ends = () => [...sinks, ...(checkpoints === null ? [] : [checkpoints])]
  let result: RunResult
  try {
    for (const sink of config.sinks) {
      const watch = observer.watch(sink.kind)
      sinks.push(watch.over(await openSink(sink, { ...input, deadLetters, watch })))
    }
    result = await process({ ...input, observer, redactor, checkpoints, deadLetters, sinks })
  } catch (error) {
    // What went wrong first is what is told.
    await closeAll(ends()).catch(() => {})
    throw error
  }
  await closeAll(ends())
  return result
}

interface Opened extends RunInput {
  readonly observer: RunObserver
  readonly redactor: Redactor
  readonly checkpoints: CheckpointStore | null
  readonly deadLetters: DeadLetters
  readonly sinks: readonly Sink[]
}

async function process(opened: Opened): Promise<RunResult> {
  const { observer, deadLetters } = opened
  const input = await openInput({ ...opened, onGone: (isGone) => processor.forget(isGone) })
  const processor = new Processor({
    ...processorOptions(opened, input.closedUntilMs),
    onReplayedHalf: (id) => observer.replayedFailure(id),
    onRejection: (reason, view) => {
      observer.rejected(reason)
      if (!input.progress.isStored(view.source, view.offset)) deadLetters.add(reason, view)
    },
  })
  try {
    return await pump({ ...opened, input, processor })
  } finally {
    await input.close()
  }
}

/** Reads, processes and delivers until the input ends or the run is to stop. */
async function pump(opened: Opened & { readonly input: Input; readonly processor: Processor }): Promise<RunResult> {
  const { once, observer, deadLetters, sinks, signal, input, processor, timing = TIMING } = opened
  const { source, progress } = input
  const delivery = new Delivery(sinks)
  observer.started({
    ledger: () => processor.ledger,
    losses: () => processor.losses,
    requests: () => processor.requests(),
    unsent: () => delivery.pushed - delivery.stored,
    hasTicks: !once,
  })
  signal.addEventListener('abort', () => observer.stopping(), { once: true })
  opened.onStart?.(input.measure)

  const saver = input.keepsPositions
    ? new CheckpointSaver({ delivery, deadLetters, onSaved: () => observer.checkpointSaved() })
    : null
  const activity = new Activity(timing.quietMs)
  const openSinceMs = (partition: string): number => processor.openSinceMs(partition)
  const give = (): Promise<void> => {
    const documents = processor.take()
    observer.gave(documents)
    return delivery.push(documents)
  }
  const snapshot = async (): Promise<Save> => {
    if (progress.emitsOpen) {
      processor.emitChanged()
      await give()
    }
    return progress.snapshot(openSinceMs)
  }
  for await (const block of withTicks(source, { tickMs: once ? null : timing.tickMs, signal })) {
    observer.turns()
    if (block !== null) {
      let maxMs = Number.NEGATIVE_INFINITY
      for (const part of progress.begin(block)) {
        const work = () => processor.process(part.block, part)
        const partMaxMs = part.isReplay ? observer.replay(work) : work()
        observer.read(part.block, partMaxMs, part)
        maxMs = Math.max(maxMs, partMaxMs)
      }
      progress.add(block, maxMs)
      activity.note(block.source.partition, performance.now())
    }
    processor.advance()
    if (block === null) for (const partition of activity.quiet(performance.now())) processor.flush(partition)
    await give()
    await deadLetters.makeRoom()
    if (block === null) await saver?.save(snapshot)
    observer.report(sinks)
    observer.waits()
  }
  observer.stopping()

  // What is open is stored as it stands; the checkpoint stays before it, so that the next run completes it.
  const last = progress.snapshot(openSinceMs, { allStored: true })
  processor.finish()
  await give()
  await delivery.drain()
  await delivery.settle({ now: true })
  await deadLetters.flush()
  await saver?.saveLast(last)
  observer.report(sinks, { isLast: true })
  return {
    ledger: processor.ledger,
    range: processor.range,
    losses: processor.losses,
    documents: delivery.stored,
    refused: deadLetters.refused,
  }
}

/** What a pipeline's file makes of the steps; `floorTimeMs` is the checkpoint's. */
export function processorOptions(
  { config, once, proxies, machine, redactor }: Pick<Opened, 'config' | 'once' | 'proxies' | 'machine' | 'redactor'>,
  floorTimeMs: Readonly<Record<string, number>>,
): ProcessorOptions {
  return {
    redactor,
    proxies,
    ...config.join,
    emit: once ? 'final' : 'eager',
    mayRepeat: config.source.kind === 'kafka',
    heldWindows: once ? HELD_WINDOWS : undefined,
    gateway: config.gateway.hostFrom === 'machine' ? machine : undefined,
    closedUntilMs: new Map(Object.entries(floorTimeMs)),
  }
}

/**
 * Why this version cannot run a pipeline, or null where it can. The sources and sinks of later versions validate
 * already, so that pipeline files can be written for them.
 */
export function missingIn({ sinks }: Pick<PipelineConfig, 'sinks'>): ConfigError | null {
  const missing = sinks.find(({ kind }) => kind === 'kafka')
  if (missing === undefined) return null
  return new ConfigError(`not in this version: ${missing.kind}`, {
    code: 'config',
    hint: 'this version reads files and standard input, and stores in duckdb or elasticsearch or prints to stdout',
  })
}
