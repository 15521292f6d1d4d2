import { rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDbFrequencyStore } from '../../frequency/duckdb.js'
import { buildReport } from '../../frequency/report.js'
import type { Context } from '../context.js'
import type { LogOptions } from '../options.js'
import { renderReport } from '../render/report-text.js'
import { writeOutput } from '../terminal/write.js'
import { readPipeline } from './check.js'
import { runOnce } from './run.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * The main job, end to end: logs through a pipeline of `pipelines/` into the embedded store, and the answer out of the
 * store. The store is made anew each time, so that the answer is about these logs alone.
 */
export async function run(args: readonly string[], options: LogOptions, context: Context): Promise<number> {
  const store = path.join(options.state, 'start.duckdb')
  const logs = args.length > 0 ? args.map((each) => (each === '-' ? each : path.resolve(context.cwd, each))) : null
  const config = await readPipeline(path.join(ROOT, 'pipelines', 'sample.yaml'), context, [
    `source.files.paths=${JSON.stringify(logs ?? [path.join(ROOT, 'pipelines', 'samples', 'edgemicro-*')])}`,
    `sinks=${JSON.stringify([{ duckdb: { path: store } }])}`,
    `state.directory=${JSON.stringify(options.state)}`,
    ...redactionOverrides(options),
    ...(options.gatewayConfig === undefined ? [] : [`gateway.configuration=${JSON.stringify(options.gatewayConfig)}`]),
  ])
  for (const file of [store, `${store}.wal`]) await rm(file, { force: true })

  const { result, exitCode } = await runOnce(config, context)
  const answers = await DuckDbFrequencyStore.open(store)
  try {
    const { ledger, range } = result
    const report = await buildReport(answers, {
      ledger,
      sinceMs: range?.minMs ?? null,
      untilMs: range?.maxMs ?? null,
      filter: {},
    })
    await writeOutput(context.stdout, `${renderReport(report, context.terminal.output).join('\n')}\n`)
  } finally {
    await answers.close()
  }
  const shown = path.relative(context.cwd, store)
  context.terminal.tell(
    `stored in ${shown}; ask it more: npx hangup frequency --store duckdb:${shown} --by target,cause`,
  )
  return exitCode
}

function redactionOverrides({ showSecrets, maskQuery }: LogOptions): readonly string[] {
  if (showSecrets) return ['redact.clientId=show', 'redact.query=show', 'redact.text=show']
  return maskQuery ? ['redact.query=mask'] : []
}
