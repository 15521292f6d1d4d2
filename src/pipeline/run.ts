import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PipelineConfig, SinkConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import { ConfigError, type HangupError } from '../errors.js'
import { RunObserver } from '../observability/observer.js'
import type { SinkWatch } from '../observability/sink-watch.js'
import { Redactor } from '../redact/redactor.js'
import { DuckDbSink } from '../sinks/duckdb/sink.js'
import { openElasticsearchSink } from '../sinks/elasticsearch/open.js'
import type { RetryOptions } from '../sinks/retry.js'
import type { Sink } from '../sinks/sink.js'
import { StdoutSink } from '../sinks/stdout.js'
import type { Source } from '../sources/source.js'
import type { FileCheckpoint } from '../sources/tail/file-checkpoint.js'
import { TailSource } from '../sources/tail/tail-source.js'
import { CheckpointSaver } from './checkpoint-saver.js'
import { CheckpointStore } from './checkpoint-store.js'
import { closeAll } from './close-all.js'
import { DeadLetters } from './dead-letters.js'
import { Delivery } from './delivery.js'
import { mergeFailureDocuments } from './document.js'
import { openLogs } from './open-logs.js'
import { EVIDENCE_HORIZON_MS, HELD_WINDOWS, Processor, type ProcessorOptions } from './processor.js'
import { FileProgress, type InputProgress } from './progress.js'
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
  const { config, once, observer, checkpoints, deadLetters, sinks, signal, timing = TIMING } = opened
  const resume = (await checkpoints?.load()) ?? null
  const progress: InputProgress = new FileProgress({
    horizonMs: EVIDENCE_HORIZON_MS,
    resumed: resume ?? undefined,
    checkpoints,
    pipelineName: config.name,
  })
  const processor = new Processor({
    ...processorOptions(opened, resume?.floorTimeMs ?? {}),
    onReplayedHalf: (id) => observer.replayedFailure(id),
    onRejection: (reason, view) => {
      observer.rejected(reason)
      if (!progress.isStored(view.source, view.offset)) deadLetters.add(reason, view)
    },
  })
  const delivery = new Delivery(sinks)
  const { source, progress: measure } = await openSource(opened, resume?.files ?? [])
  observer.started({
    ledger: () => processor.ledger,
    losses: () => processor.losses,
    requests: () => processor.requests(),
    unsent: () => delivery.pushed - delivery.stored,
    hasTicks: !once,
  })
  signal.addEventListener('abort', () => observer.stopping(), { once: true })
  opened.onStart?.(measure)

  const saver =
    checkpoints === null
      ? null
      : new CheckpointSaver({ delivery, deadLetters, onSaved: () => observer.checkpointSaved() })
  const activity = new Activity(timing.quietMs)
  const openSinceMs = (partition: string): number => processor.openSinceMs(partition)
  const give = (): Promise<void> => {
    const documents = processor.take()
    observer.gave(documents)
    return delivery.push(documents)
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
    if (block === null) await saver?.save(() => progress.snapshot(openSinceMs))
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
    heldWindows: once ? HELD_WINDOWS : undefined,
    gateway: config.gateway.hostFrom === 'machine' ? machine : undefined,
    closedUntilMs: new Map(Object.entries(floorTimeMs)),
  }
}

/**
 * Why this version cannot run a pipeline, or null where it can. The sources and sinks of later versions validate
 * already, so that pipeline files can be written for them.
 */
export function missingIn({ source, sinks }: Pick<PipelineConfig, 'source' | 'sinks'>): ConfigError | null {
  const missing = [source, ...sinks].find(({ kind }) => kind === 'kafka')
  if (missing === undefined) return null
  return new ConfigError(`not in this version: ${missing.kind}`, {
    code: 'config',
    hint: 'this version reads files and standard input, and stores in duckdb or elasticsearch or prints to stdout',
  })
}

interface SinkInput extends RunInput {
  readonly deadLetters: DeadLetters
  readonly watch: SinkWatch
}

/** Opens one sink; throws where its store can not be used. */
async function openSink(sink: SinkConfig, input: SinkInput): Promise<Sink> {
  switch (sink.kind) {
    case 'duckdb':
      return DuckDbSink.open({ path: sink.path, mergeFailures: mergeFailureDocuments })
    case 'elasticsearch':
      return openElasticsearchSink({
        ...sink,
        mergeFailures: mergeFailureDocuments,
        retry: retryOptions(input),
        // A service may start before its store; whoever waits for an answer is told at once.
        patient: !input.once,
        onNotice: input.onNotice ?? (() => {}),
        onRefused: (refused) => {
          input.watch.refused(1)
          input.deadLetters.addRefused({ sink: sink.kind, ...refused })
        },
      })
    case 'stdout':
      return new StdoutSink(input.stdout, { traffic: sink.traffic })
    default:
      throw new ConfigError(`not in this version: ${sink.kind}`, {
        code: 'config',
        hint: 'use duckdb, elasticsearch or stdout',
      })
  }
}

function retryOptions({ signal, onProblem, watch }: SinkInput): RetryOptions {
  return {
    pause: (milliseconds, until) => sleep(milliseconds, undefined, { signal: until }).catch(() => undefined),
    random: Math.random,
    signal,
    onRetry: (error) => {
      watch.retried(error.code)
      onProblem(error)
    },
  }
}

/** Opens the source of a pipeline, at its beginning where there is nothing to resume. */
export async function openSource(
  { config, once, stdin, onProblem }: Pick<RunInput, 'config' | 'once' | 'stdin' | 'onProblem'>,
  resume: readonly FileCheckpoint[],
): Promise<{ readonly source: Source; readonly progress: Measure }> {
  const { source } = config
  switch (source.kind) {
    case 'tail':
      if (!once) {
        const tail = new TailSource({ ...source, resume, onProblem })
        return { source: tail, progress: () => ({ readBytes: 0, totalBytes: null }) }
      }
      return openLogs({ inputs: source.paths, exclude: source.exclude, stdin, onProblem })
    case 'files':
      return openLogs({ inputs: source.paths, stdin, onProblem })
    case 'stdin':
      return openLogs({ inputs: ['-'], stdin, onProblem })
    default:
      throw new ConfigError(`not in this version: ${source.kind}`, { code: 'config', hint: 'use tail, files or stdin' })
  }
}
