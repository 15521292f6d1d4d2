import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PipelineConfig } from '../../config/schema.js'
import { DuckDbFrequencyStore } from '../../frequency/duckdb.js'
import { buildReport, type Report } from '../../frequency/report.js'
import type { Context } from '../context.js'
import { FreshStore } from '../fresh-store.js'
import type { LogOptions } from '../options.js'
import { refuseOtherText } from '../reading.js'
import { renderReport } from '../render/report-text.js'
import { factsOf } from '../target-facts.js'
import { writeOutput } from '../terminal/write.js'
import { readPipeline } from './check.js'
import { type Ended, runToEnd, tellResult } from './run.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * The main job, end to end: logs through a pipeline of `pipelines/` into the embedded store, and the answer out of the
 * store. The store is made anew each time, so that the answer is about these logs alone.
 */
export async function run(args: readonly string[], options: LogOptions, context: Context): Promise<number> {
  const file = path.join(options.state, 'start.duckdb')
  const inputs =
    args.length > 0
      ? args.map((each) => (each === '-' ? each : path.resolve(context.cwd, each)))
      : [path.join(ROOT, 'pipelines', 'samples', 'edgemicro-*')]
  const config = await readConfig(inputs, options, context)
  const store = await FreshStore.begin(file)
  try {
    const ended = await runToEnd(storedIn(store.temporaryPath, config), context)
    const { result, exitCode } = ended
    context.signal.throwIfAborted()
    refuseOtherText(result.ledger, inputs)
    const report = await reportOf(store.temporaryPath, ended)
    await store.replace()
    await writeOutput(context.stdout, `${renderReport(report, context.terminal.output).join('\n')}\n`)
    tellResult(result, config, context)
    const shown = path.relative(context.cwd, file)
    context.terminal.tell(
      `stored in ${shown}; ask it more: npx hangup frequency --store duckdb:${shown} --by target,cause`,
    )
    return exitCode
  } finally {
    await store.end()
  }
}

function readConfig(inputs: readonly string[], options: LogOptions, context: Context): Promise<PipelineConfig> {
  return readPipeline(path.join(ROOT, 'pipelines', 'sample.yaml'), context, [
    `source.files.paths=${JSON.stringify(inputs)}`,
    `state.directory=${JSON.stringify(options.state)}`,
    ...redactionOverrides(options),
    ...(options.gatewayConfig === undefined ? [] : [`gateway.configuration=${JSON.stringify(options.gatewayConfig)}`]),
  ])
}

function redactionOverrides({ showSecrets, maskQuery }: LogOptions): readonly string[] {
  if (showSecrets) return ['redact.clientId=show', 'redact.query=show', 'redact.text=show']
  return maskQuery ? ['redact.query=mask'] : []
}

function storedIn(file: string, config: PipelineConfig): PipelineConfig {
  return { ...config, sinks: [{ kind: 'duckdb', path: file }] }
}

async function reportOf(file: string, { result, told }: Ended): Promise<Report> {
  const store = await DuckDbFrequencyStore.open(file)
  try {
    const { ledger, range, known } = result
    const { minMs = null, maxMs = null } = range ?? {}
    const facts = known === null ? undefined : factsOf(known, told)
    return await buildReport(store, { ledger, sinceMs: minMs, untilMs: maxMs, filter: {}, facts })
  } finally {
    await store.close()
  }
}
