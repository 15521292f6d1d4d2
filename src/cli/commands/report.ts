import { coverageGrain } from '../../frequency/covered.js'
import { buildReport } from '../../frequency/report.js'
import { Tally } from '../../frequency/tally.js'
import { analyze } from '../../pipeline/analyze.js'
import type { Context } from '../context.js'
import { passes } from '../document-filter.js'
import { openLogsOf } from '../logs.js'
import type { ReportOptions } from '../options.js'
import { readFilter, reportedRange } from '../ranges.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { renderReport } from '../render/report-text.js'
import { writeOutput } from '../terminal/write.js'

/** What a report asks for. */
const DIMENSIONS = ['target', 'proxy', 'cause', 'code', 'status'] as const

export async function run(args: readonly string[], options: ReportOptions, context: Context): Promise<number> {
  const filter = readFilter(options, { nowMs: Date.now() })
  const isWanted = passes(filter)
  const logs = await openLogsOf(args, options, context)
  const tally = new Tally({ dimensions: DIMENSIONS, everyMs: null })
  const coverage = new Tally(coverageGrain(DIMENSIONS, filter))
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger, range, evicted } = await analyze({
    ...logs,
    onDocuments: (documents) => {
      const wanted = documents.filter(isWanted)
      tally.add(wanted)
      coverage.add(wanted)
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(ledger, logs.inputs)

  const { sinceMs, untilMs, outside } = reportedRange(filter, range)
  // Times were filtered on the way into the tally, which keeps none; traffic by whole minutes, so that some may be in it.
  const counted = outside === null ? tally : new Tally({ dimensions: DIMENSIONS, everyMs: null })
  const { target, proxy, code } = filter
  const report = await buildReport(counted, { ledger, sinceMs, untilMs, filter: { target, proxy, code } }, coverage)
  const { folded } = counted
  const text = options.json
    ? JSON.stringify({ ...report, evicted, folded })
    : renderReport(report, context.terminal.output, { outside }).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  tellReading({ evicted, folded }, context)
  return logs.exitCode()
}
