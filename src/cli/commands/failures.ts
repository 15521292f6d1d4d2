import { analyze } from '../../pipeline/analyze.js'
import type { IndexDocument } from '../../records.js'
import { writeFailure } from '../../sinks/failure-json.js'
import { JsonBytes } from '../../sinks/json-bytes.js'
import { givenCaptures } from '../captures.js'
import type { Context } from '../context.js'
import { passes } from '../document-filter.js'
import { openLogsOf } from '../logs.js'
import type { FailuresOptions } from '../options.js'
import { readFilter } from '../ranges.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { writeReused } from '../terminal/write.js'

export async function run(args: readonly string[], options: FailuresOptions, context: Context): Promise<number> {
  const isWanted = passes(readFilter(options, { nowMs: Date.now() }))
  const logs = await openLogsOf(args, options, context)
  const given = await givenCaptures(options, logs.redactor, context)
  const progress = context.terminal.startProgress(logs.progress, { whileWriting: true })
  const output = new JsonBytes()
  const print = async (documents: readonly IndexDocument[]): Promise<void> => {
    for (const document of documents) {
      if (document.kind === 'failure' && isWanted(document)) writeFailure(output, document.document)
    }
    await writeReused(context.stdout, output.take())
  }
  const { ledger, evicted } = await analyze({
    ...logs,
    halvesOnly: options.halvesOnly,
    captures: given?.matches,
    onDocuments: print,
    signal: context.signal,
  }).finally(() => progress.end())
  // Only warn and error lines were looked at: the ledger does not know the others.
  tellReading({ ledger: options.halvesOnly ? undefined : ledger, evicted }, context)
  if (!options.halvesOnly) refuseOtherText(ledger, logs.inputs)
  return Math.max(logs.exitCode(), given?.exitCode ?? 0)
}
