import { readCounters } from '../../count/stats.js'
import { InputError } from '../../errors.js'
import { type EventView, Field } from '../../event-view.js'
import { LineParser } from '../../parse/line-parser.js'
import { analyze } from '../../pipeline/analyze.js'
import type { EventEntry, FailureDocument, LineBlock } from '../../records.js'
import type { Redactor } from '../../redact/redactor.js'
import { EntryWriter } from '../../sinks/entries.js'
import type { Source } from '../../sources/source.js'
import { givenCaptures, pathOfWith } from '../captures.js'
import type { Context } from '../context.js'
import { openLogsOf } from '../logs.js'
import type { ExplainOptions } from '../options.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { renderExplanation } from '../render/explanation.js'
import { packetsDocument, packetsOf, renderPackets } from '../render/packets.js'
import { storyOf } from '../render/story.js'
import { writeOutput } from '../terminal/write.js'

export async function run(
  [id, ...args]: readonly string[],
  options: ExplainOptions,
  context: Context,
): Promise<number> {
  const logs = await openLogsOf(args, options, context)
  const given = await givenCaptures(options, logs.redactor, context)
  const lines = new LinesOfRequest(id, logs.redactor)
  const failures: FailureDocument[] = []
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger, evicted, estimates } = await analyze({
    ...logs,
    source: lines.watch(logs.source),
    captures: given?.matches,
    onDocuments: (documents) => {
      for (const each of documents) if (each.kind === 'failure' && each.id === id) failures.push(each.document)
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(ledger, logs.inputs)
  const entries = lines.entries()
  if (entries.length === 0) {
    tellReading({ ledger }, context)
    throw new InputError(`not in these logs: ${id}`, {
      code: 'input_not_found',
      hint: 'check the correlation id, and that the logs of its time and gateway are among LOGS',
    })
  }
  const failure = failures.at(-1) ?? null
  const estimate = estimates.get(failure?.edgemicro.target ?? '')
  const story = failure === null ? [] : storyOf({ failure, estimate })
  const packets = given === null ? null : packetsOf(id, given.matches)
  const pathOf = pathOfWith(logs.redactor)
  const text = options.json
    ? JSON.stringify({ correlation_id: id, entries, failure, story, ...(packets && packetsDocument(packets, pathOf)) })
    : [
        ...renderExplanation({ id, entries, failure, story }, context.terminal.output),
        ...(packets === null ? [] : renderPackets(packets, pathOf, context.terminal.output)),
      ].join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  tellReading({ ledger, evicted }, context)
  return Math.max(logs.exitCode(), given?.exitCode ?? 0)
}

/** Collects, on the side, every event of one request. Blocks that do not hold its id are not looked at twice. */
class LinesOfRequest {
  readonly #needle: Buffer
  readonly #writer: EntryWriter
  readonly #parser: LineParser
  readonly #texts: string[] = []

  constructor(id: string, redactor: Redactor) {
    this.#needle = Buffer.from(id)
    this.#writer = new EntryWriter({ redaction: redactor, readCounters })
    const writer = this.#writer
    this.#parser = new LineParser({
      event: (view) => {
        if (!this.#isOfRequest(view)) return
        writer.event(view)
        writer.close()
        this.#texts.push(Buffer.from(writer.take()).toString())
      },
      plain: () => {},
      stats: () => {},
      continuation: () => {},
      rejection: () => {},
    })
  }

  entries(): readonly EventEntry[] {
    return this.#texts
      .map((text): EventEntry => JSON.parse(text))
      .sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0))
  }

  watch(source: Source): Source {
    const look = (block: LineBlock): void => {
      const { buffer, byteOffset, length } = block.bytes
      if (Buffer.from(buffer, byteOffset, length).includes(this.#needle)) this.#parser.parse(block)
    }
    return {
      async *read(signal) {
        for await (const block of source.read(signal)) {
          look(block)
          yield block
        }
      },
    }
  }

  #isOfRequest({ bytes, start, end }: EventView): boolean {
    return this.#needle.equals(bytes.subarray(start[Field.correlationId], end[Field.correlationId]))
  }
}
