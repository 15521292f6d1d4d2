import type { PipelineConfig } from '../../config/schema.js'
import { type HangupError, TransientError } from '../../errors.js'
import { MINUTE_MS } from '../../frequency/answer.js'
import { buildReport } from '../../frequency/report.js'
import type { Backfill } from '../../pipeline/backfill/plan.js'
import { runPipeline } from '../../pipeline/run.js'
import type { RunInput, RunResult } from '../../pipeline/run-input.js'
import { runBackfill } from '../backfill.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import { follow } from '../follow.js'
import { withObservation } from '../observation.js'
import type { RunOptions } from '../options.js'
import { tellReading } from '../reading.js'
import { renderReport } from '../render/report-text.js'
import { isAskable, openFrequencyStore } from '../stores.js'
import { surroundings } from '../surroundings.js'
import { factsOf, Told } from '../target-facts.js'
import { formatCount } from '../terminal/numbers.js'
import { readTopicRange } from '../topic-range.js'
import { readPipeline } from './check.js'

export async function run([file]: readonly string[], options: RunOptions, context: Context): Promise<number> {
  const config = await readPipelineOf(file, options, context)
  const range = readTopicRange(options, { nowMs: Date.now() })
  if (range !== null) {
    const runRange = async (backfill: Backfill): Promise<number> => {
      const { result, exitCode } = await runToEnd(config, context, { backfill })
      tellResult(result, config, context)
      return exitCode
    }
    return runBackfill({ config, range, run: runRange }, context)
  }
  if (!options.once) return follow(config, context, () => readPipelineOf(file, options, context))
  const ended = await runToEnd(config, context)
  await tellSummary(ended, config, context)
  tellResult(ended.result, config, context)
  return ended.exitCode
}

/** The report of what was read, out of the first sink that can be asked. */
async function tellSummary({ result, told }: Ended, { sinks }: PipelineConfig, context: Context): Promise<void> {
  const sink = sinks.find(isAskable)
  if (sink === undefined || result.range === null || context.signal.aborted) return
  const store = await openFrequencyStore(sink)
  try {
    const { ledger, range, known } = result
    const [sinceMs, untilMs] = [range.minMs, range.maxMs]
    // By whole minutes, as traffic is counted; a store holds other runs' documents too.
    const filter = { sinceMs: Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS, untilMs: untilMs + 1 }
    const report = await buildReport(store, {
      ledger,
      sinceMs,
      untilMs,
      filter,
      facts: known ? factsOf(known, told) : undefined,
    })
    context.terminal.print(renderReport(report, context.terminal.messages))
  } finally {
    await store.close()
  }
}

/** Reads a pipeline with what the command line overrides of it. Throws `ConfigError`. */
export function readPipelineOf(
  file: string,
  { set, state, stateGiven }: Pick<RunOptions, 'set' | 'state' | 'stateGiven'>,
  context: Context,
): Promise<PipelineConfig> {
  return readPipeline(file, context, stateGiven ? [...set, `state.directory=${JSON.stringify(state)}`] : set)
}

export interface Ended {
  readonly result: RunResult
  /** 1 where an input could not be read, else 0. */
  readonly exitCode: number
  readonly told: Told
}

/** Runs to the end of the input or of a backfill, or to a stop, with a progress bar. */
export async function runToEnd(
  config: PipelineConfig,
  context: Context,
  { backfill }: Pick<RunInput, 'backfill'> = {},
): Promise<Ended> {
  let exitCode = 0
  const { terminal } = context
  const onProblem = (problem: HangupError): void => {
    // A write that will be tried again is no failure yet.
    if (!(problem instanceof TransientError)) exitCode = 1
    tellProblem(problem, context)
  }
  let progress = { end: (): void => {} }
  const told = new Told()
  const around = await surroundings(config, context)
  const onServe = (url: string): void => terminal.tell(`metrics and health: ${url}/metrics`)
  const result = await withObservation({ ...around, version: context.version, onServe }, async (observer) => {
    const ran = await runPipeline({
      ...around,
      observer,
      once: true,
      backfill,
      onProblem,
      onGiven: (documents) => told.add(documents),
      onNotice: (notice) => terminal.tell(`hangup: ${notice}`),
      onStart: (measure) => {
        progress = terminal.startProgress(measure, { whileWriting: config.sinks.some(({ kind }) => kind === 'stdout') })
      },
    })
    // Without the lines that were read for the state alone.
    return { ...ran, ledger: observer.snapshot.ledger }
  }).finally(() => progress.end())
  return { result, exitCode, told }
}

/** Says what became of the lines, and of the documents that no store has. */
export function tellResult(
  { ledger, losses, refused }: RunResult,
  { deadLetters }: PipelineConfig,
  context: Context,
): void {
  tellReading({ ledger, evicted: losses.evicted }, context)
  const isFile = deadLetters.kind === 'file'
  if (ledger.rejections > 0) {
    context.terminal.tell(`rejected lines: ${isFile ? deadLetters.path : `topic ${deadLetters.topic}`}`)
  }
  if (refused === 0) return
  const documents = `${formatCount(refused)} ${refused === 1 ? 'document' : 'documents'}`
  const place = isFile ? deadLetters.path : '--pipeline PIPELINE'
  context.terminal.tell(`${documents} could not be stored: hangup dead-letters ${place} tells why`)
}
