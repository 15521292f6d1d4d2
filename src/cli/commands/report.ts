import { buildReport } from '../../frequency/report.js'
import { Tally } from '../../frequency/tally.js'
import type { Context } from '../context.js'
import { countLogs } from '../count-logs.js'
import { openLogsOf } from '../logs.js'
import type { ReportOptions } from '../options.js'
import { readFilter, reportedRange } from '../ranges.js'
import { tellReading } from '../reading.js'
import { renderReport } from '../render/report-text.js'
import { factsOf } from '../target-facts.js'
import { writeOutput } from '../terminal/write.js'

/** What a report asks for. */
const DIMENSIONS = ['target', 'proxy', 'cause', 'code', 'status'] as const

export async function run(args: readonly string[], options: ReportOptions, context: Context): Promise<number> {
  const filter = readFilter(options, { nowMs: Date.now() })
  const logs = await openLogsOf(args, options, context)
  const grain = { dimensions: DIMENSIONS, everyMs: null }
  const { tally, coverage, ledger, range, evicted, ...known } = await countLogs(logs, grain, filter, context)

  const { sinceMs, untilMs, outside } = reportedRange(filter, range)
  // Times were filtered on the way into the tally, which keeps none; traffic by whole minutes, so that some may be in it.
  const counted = outside === null ? tally : new Tally(grain)
  const { target, proxy, code } = filter
  const input = { ledger, sinceMs, untilMs, filter: { target, proxy, code }, facts: factsOf(known) }
  const report = await buildReport(counted, input, coverage)
  const { folded } = counted
  const text = options.json
    ? JSON.stringify({ ...report, evicted, folded })
    : renderReport(report, context.terminal.output, { outside }).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  tellReading({ evicted, folded }, context)
  return logs.exitCode()
}
