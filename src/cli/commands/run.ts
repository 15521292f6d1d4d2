import { hostname } from 'node:os'
import { pino } from 'pino'
import { readGatewayConfiguration } from '../../config/gateway.js'
import type { PipelineConfig } from '../../config/schema.js'
import type { ConfiguredProxy } from '../../enrich/proxy.js'
import { type HangupError, TransientError } from '../../errors.js'
import { type RunResult, runPipeline } from '../../pipeline/run.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import type { RunOptions } from '../options.js'
import { tellReading } from '../reading.js'
import { readPipeline } from './check.js'

export async function run([file]: readonly string[], options: RunOptions, context: Context): Promise<number> {
  const overrides = options.stateGiven
    ? [...options.set, `state.directory=${JSON.stringify(options.state)}`]
    : options.set
  const config = await readPipeline(file, context, overrides)
  if (!options.once) return follow(config, context)
  const { result, exitCode } = await runToEnd(config, context)
  tellResult(result, config, context)
  return exitCode
}

export interface Ended {
  readonly result: RunResult
  /** 1 where an input could not be read, else 0. */
  readonly exitCode: number
}

/** Runs to the end of the input, or to a stop, with a progress bar. */
export async function runToEnd(config: PipelineConfig, context: Context): Promise<Ended> {
  let exitCode = 0
  const { terminal } = context
  const onProblem = (problem: HangupError): void => {
    // A write that will be tried again is no failure yet.
    if (!(problem instanceof TransientError)) exitCode = 1
    tellProblem(problem, context)
  }
  for (const notice of notices(config)) terminal.tell(notice)
  let progress = { end: (): void => {} }
  const result = await runPipeline({
    ...(await surroundings(config, context)),
    once: true,
    onProblem,
    onNotice: (notice) => terminal.tell(`hangup: ${notice}`),
    onStart: (measure) => {
      progress = terminal.startProgress(measure, { whileWriting: config.sinks.some(({ kind }) => kind === 'stdout') })
    },
  }).finally(() => progress.end())
  return { result, exitCode }
}

/** Says what became of the lines. */
export function tellResult({ ledger, losses }: RunResult, { deadLetters }: PipelineConfig, context: Context): void {
  tellReading({ ledger, evicted: losses.evicted }, context)
  if (ledger.rejections > 0) context.terminal.tell(`rejected lines: ${deadLetters.path}`)
}

/** Options that pipeline files may hold already and that do nothing yet: better said than silently passed over. */
function notices({ http, targets }: PipelineConfig): readonly string[] {
  const notices: string[] = []
  if (http !== undefined) notices.push('http: this version serves no metrics and no health; nothing listens')
  if (targets.length > 0) notices.push('targets: this version tells causes without idle timeouts; they are not used')
  return notices
}

/** Runs as a service: messages are structured log lines on stderr. */
async function follow(config: PipelineConfig, context: Context): Promise<number> {
  const log = pino({ name: 'hangup', base: { pipeline: config.name } }, pino.destination({ fd: 2, sync: true }))
  const onProblem = ({ message, hint, code }: HangupError): void => log.warn({ code, hint }, message)
  for (const notice of notices(config)) log.warn(notice)
  const result = await runPipeline({
    ...(await surroundings(config, context)),
    once: false,
    onProblem,
    onNotice: (notice) => log.info(notice),
    onStart: () => log.info({ source: config.source.kind, sinks: config.sinks.map(({ kind }) => kind) }, 'started'),
  })
  log.info({ ledger: result.ledger, ...result.losses, documents: result.documents }, 'stopped')
  return 0
}

async function surroundings(config: PipelineConfig, context: Context) {
  const { stdin, stdout, signal } = context
  return { config, proxies: await proxiesOf(config, context), machine: hostname(), stdin, stdout, signal }
}

async function proxiesOf({ gateway }: PipelineConfig, context: Context): Promise<readonly ConfiguredProxy[]> {
  if (gateway.configuration === undefined) return []
  return (await readGatewayConfiguration(gateway.configuration, context)).proxies
}
