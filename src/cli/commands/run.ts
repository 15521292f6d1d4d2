import { pino } from 'pino'
import { readGatewayConfiguration } from '../../config/gateway.js'
import type { PipelineConfig } from '../../config/schema.js'
import type { ConfiguredProxy } from '../../enrich/proxy.js'
import { type HangupError, TransientError } from '../../errors.js'
import { MINUTE_MS } from '../../frequency/answer.js'
import { buildReport } from '../../frequency/report.js'
import type { Backfill } from '../../pipeline/backfill/plan.js'
import { runPipeline } from '../../pipeline/run.js'
import type { RunInput, RunResult } from '../../pipeline/run-input.js'
import { runBackfill } from '../backfill.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import { machineName } from '../machine.js'
import { withObservation } from '../observation.js'
import type { RunOptions } from '../options.js'
import { tellReading } from '../reading.js'
import { renderReport } from '../render/report-text.js'
import { isAskable, openFrequencyStore } from '../stores.js'
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
  if (!options.once) return follow(config, context)
  const { result, exitCode } = await runToEnd(config, context)
  await tellSummary(result, config, context)
  tellResult(result, config, context)
  return exitCode
}

/** The report of what was read, out of the first sink that can be asked. */
async function tellSummary(result: RunResult, { sinks }: PipelineConfig, context: Context): Promise<void> {
  const sink = sinks.find(isAskable)
  if (sink === undefined || result.range === null || context.signal.aborted) return
  const store = await openFrequencyStore(sink)
  try {
    const { ledger, range } = result
    const [sinceMs, untilMs] = [range.minMs, range.maxMs]
    // By whole minutes, as traffic is counted; a store holds other runs' documents too.
    const filter = { sinceMs: Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS, untilMs: untilMs + 1 }
    const report = await buildReport(store, { ledger, sinceMs, untilMs, filter })
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
  const around = await surroundings(config, context)
  const onServe = (url: string): void => terminal.tell(`metrics and health: ${url}/metrics`)
  const result = await withObservation({ ...around, version: context.version, onServe }, async (observer) => {
    const ran = await runPipeline({
      ...around,
      observer,
      once: true,
      backfill,
      onProblem,
      onNotice: (notice) => terminal.tell(`hangup: ${notice}`),
      onStart: (measure) => {
        progress = terminal.startProgress(measure, { whileWriting: config.sinks.some(({ kind }) => kind === 'stdout') })
      },
    })
    // Without the lines that were read for the state alone.
    return { ...ran, ledger: observer.snapshot.ledger }
  }).finally(() => progress.end())
  return { result, exitCode }
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

/** Runs as a service: messages are structured log lines on stderr. */
async function follow(config: PipelineConfig, context: Context): Promise<number> {
  const log = pino({ name: 'hangup', base: { pipeline: config.name } }, pino.destination({ fd: 2, sync: true }))
  const onProblem = ({ message, hint, code }: HangupError): void => log.warn({ code, hint }, message)
  const around = await surroundings(config, context)
  const onServe = (url: string): void => log.info({ url }, 'serving metrics and health')
  const result = await withObservation({ ...around, version: context.version, onServe }, (observer) =>
    runPipeline({
      ...around,
      observer,
      once: false,
      onProblem,
      onNotice: (notice) => log.info(notice),
      onStart: () => log.info({ source: config.source.kind, sinks: config.sinks.map(({ kind }) => kind) }, 'started'),
    }),
  )
  const { ledger, losses, documents, refused, shipped, lostInput } = result
  log.info({ ledger, ...losses, documents, refused, shipped, lostInput }, 'stopped')
  return 0
}

/** What a pipeline needs besides its file. */
export async function surroundings(config: PipelineConfig, context: Context) {
  const { stdin, stdout, signal } = context
  return { config, proxies: await proxiesOf(config, context), machine: machineName(context), stdin, stdout, signal }
}

async function proxiesOf({ gateway }: PipelineConfig, context: Context): Promise<readonly ConfiguredProxy[]> {
  if (gateway.configuration === undefined) return []
  return (await readGatewayConfiguration(gateway.configuration, context)).proxies
}
