import { buildReport } from '../../frequency/report.js'
import { Tally } from '../../frequency/tally.js'
import { analyze } from '../../pipeline/analyze.js'
import type { Context } from '../context.js'
import { passes } from '../document-filter.js'
import { openLogsOf } from '../logs.js'
import type { ReportOptions } from '../options.js'
import { readFilter } from '../ranges.js'
import { renderReport } from '../render/report-text.js'
import { writeOutput } from '../terminal/write.js'

/** What a report asks for. */
const DIMENSIONS = ['target', 'proxy', 'cause', 'code', 'status', 'gateway'] as const

export async function run(args: readonly string[], options: ReportOptions, context: Context): Promise<number> {
  const filter = readFilter(options, { nowMs: Date.now() })
  const isWanted = passes(filter)
  const logs = await openLogsOf(args, options, context)
  const tally = new Tally({ dimensions: DIMENSIONS, everyMs: null })
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger, range } = await analyze({
    ...logs,
    onDocuments: (documents) => tally.add(documents.filter(isWanted)),
    signal: context.signal,
  }).finally(() => progress.end())

  const { sinceMs = null, untilMs = null } = filter
  // Times were filtered on the way into the tally, which keeps none.
  const report = await buildReport(tally, {
    ledger,
    sinceMs: sinceMs ?? range?.minMs ?? null,
    untilMs: untilMs ?? range?.maxMs ?? null,
    filter: { target: filter.target, proxy: filter.proxy, code: filter.code },
  })
  const text = options.json ? JSON.stringify(report) : renderReport(report, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  return logs.exitCode()
}
