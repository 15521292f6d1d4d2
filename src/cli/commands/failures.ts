import { analyze } from '../../pipeline/analyze.js'
import type { IndexDocument } from '../../records.js'
import type { Context } from '../context.js'
import { passes } from '../document-filter.js'
import { openLogsOf } from '../logs.js'
import type { FailuresOptions } from '../options.js'
import { readFilter } from '../ranges.js'
import { writeOutput } from '../terminal/write.js'

export async function run(args: readonly string[], options: FailuresOptions, context: Context): Promise<number> {
  const isWanted = passes(readFilter(options, { nowMs: Date.now() }))
  const logs = await openLogsOf(args, options, context)
  const progress = context.terminal.startProgress(logs.progress, { whileWriting: true })
  const print = async (documents: readonly IndexDocument[]): Promise<void> => {
    const lines: string[] = []
    for (const document of documents) {
      if (document.kind === 'failure' && isWanted(document)) lines.push(JSON.stringify(document.document))
    }
    if (lines.length > 0) await writeOutput(context.stdout, `${lines.join('\n')}\n`)
  }
  await analyze({
    ...logs,
    halvesOnly: options.halvesOnly,
    onDocuments: print,
    signal: context.signal,
  }).finally(() => progress.end())
  return logs.exitCode()
}
