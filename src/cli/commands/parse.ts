import { readCounters } from '../../count/stats.js'
import { LineParser } from '../../parse/line-parser.js'
import { EntryWriter } from '../../sinks/entries.js'
import type { Context } from '../context.js'
import { openLogsOf } from '../logs.js'
import type { LogOptions } from '../options.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { writeReused } from '../terminal/write.js'

export async function run(args: readonly string[], options: LogOptions, context: Context): Promise<number> {
  const logs = await openLogsOf(args, options, context)
  const writer = new EntryWriter({ redaction: logs.redactor, readCounters })
  const parser = new LineParser(writer)
  const progress = context.terminal.startProgress(logs.progress, { whileWriting: true })
  try {
    for await (const block of logs.source.read(context.signal)) {
      parser.parse(block)
      if (block.last) writer.close()
      await writeReused(context.stdout, writer.take())
    }
    parser.finish()
    writer.close()
    await writeReused(context.stdout, writer.take())
  } finally {
    progress.end()
  }
  context.signal.throwIfAborted()
  tellReading(parser, context)
  refuseOtherText(parser.ledger, logs.inputs)
  return logs.exitCode()
}
