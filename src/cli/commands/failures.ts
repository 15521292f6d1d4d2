import { analyze } from '../../pipeline/analyze.js'
import type { IndexDocument } from '../../records.js'
import { failureJson } from '../../sinks/failure-json.js'
import { JsonBytes } from '../../sinks/json-bytes.js'
import type { Context } from '../context.js'
import { passes } from '../document-filter.js'
import { openLogsOf } from '../logs.js'
import type { FailuresOptions } from '../options.js'
import { readFilter } from '../ranges.js'
import { writeReused } from '../terminal/write.js'

export async function run(args: readonly string[], options: FailuresOptions, context: Context): Promise<number> {
  const isWanted = passes(readFilter(options, { nowMs: Date.now() }))
  const logs = await openLogsOf(args, options, context)
  const progress = context.terminal.startProgress(logs.progress, { whileWriting: true })
  const output = new JsonBytes()
  const print = async (documents: readonly IndexDocument[]): Promise<void> => {
    for (const document of documents) {
      if (document.kind === 'failure' && isWanted(document)) output.line(failureJson(document.document))
    }
    await writeReused(context.stdout, output.take())
  }
  await analyze({
    ...logs,
    halvesOnly: options.halvesOnly,
    onDocuments: print,
    signal: context.signal,
  }).finally(() => progress.end())
  return logs.exitCode()
}
