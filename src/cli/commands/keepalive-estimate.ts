import { Populations } from '../../diagnose/population.js'
import { analyze } from '../../pipeline/analyze.js'
import type { Context } from '../context.js'
import { estimatesOf } from '../estimates.js'
import { openLogsOf } from '../logs.js'
import type { KeepaliveEstimateOptions } from '../options.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { estimateJson, renderEstimates } from '../render/keepalive-estimate.js'
import { writeOutput } from '../terminal/write.js'

export async function run(
  args: readonly string[],
  options: KeepaliveEstimateOptions,
  context: Context,
): Promise<number> {
  const logs = await openLogsOf(args, options, context)
  const populations = new Populations()
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger, evicted, ...known } = await analyze({
    ...logs,
    onDocuments: (documents) => {
      for (const each of documents) if (each.kind === 'failure') populations.add(each.document)
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(ledger, logs.inputs)
  const targets = estimatesOf(known, populations).filter(
    ({ target }) => options.target === undefined || target === options.target,
  )
  const text = options.json
    ? JSON.stringify(estimateJson(targets))
    : renderEstimates(targets, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  tellReading({ ledger, evicted }, context)
  return logs.exitCode()
}
