import { givenCaptures } from '../captures.js'
import type { Context } from '../context.js'
import { openLogsOf } from '../logs.js'
import type { ReportOptions } from '../options.js'
import { readFilter } from '../ranges.js'
import { tellReading } from '../reading.js'
import { renderReport } from '../render/report-text.js'
import { reportOf } from '../report-of.js'
import { writeOutput } from '../terminal/write.js'

export async function run(args: readonly string[], options: ReportOptions, context: Context): Promise<number> {
  const filter = readFilter(options, { nowMs: Date.now() })
  const logs = await openLogsOf(args, options, context)
  const given = await givenCaptures(options, logs.redactor, context)
  const read = { ...logs, captures: given?.matches }
  const { report, outside, evicted, folded } = await reportOf(read, filter, context)
  const text = options.json
    ? JSON.stringify({ ...report, evicted, folded })
    : renderReport(report, context.terminal.output, { outside }).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  tellReading({ evicted, folded }, context)
  return Math.max(logs.exitCode(), given?.exitCode ?? 0)
}
