import { Processor } from '../../../src/pipeline/processor.js'
import { RedactedLines, type ShippedLines } from '../../../src/pipeline/ship/redacted-lines.js'
import { type ShippedMessage, Shipper } from '../../../src/pipeline/ship/shipper.js'
import type { IndexDocument, Ledger, LineBlock, RejectionReason } from '../../../src/records.js'
import type { Redactor } from '../../../src/redact/redactor.js'
import { MessageBlocks } from '../../../src/sources/kafka/messages.js'
import { batchOf } from '../../sources/kafka/messages-of.js'
import { blockOf } from '../../support/lines.js'

/** Lines as they leave a host. */
export function shipped(blocks: readonly LineBlock[], redactor: Redactor): LineBlock[] {
  const lines = new RedactedLines(redactor)
  const out: LineBlock[] = []
  for (const block of blocks) {
    lines.add(block)
    out.push(...lines.take().map(toBlock))
  }
  for (const { source } of blocks) lines.end(source)
  return [...out, ...lines.take().map(toBlock)]
}

export function shippedText(content: string | Uint8Array, redactor: Redactor): string {
  const blocks = shipped([blockOf(content)], redactor)
  return Buffer.concat(blocks.map(({ bytes }) => bytes)).toString()
}

/** The messages in which lines leave a host. */
export async function messagesOf(
  blocks: readonly LineBlock[],
  { redactor, messageBytes }: { readonly redactor: Redactor; readonly messageBytes: number },
): Promise<readonly ShippedMessage[]> {
  const messages: ShippedMessage[] = []
  const write = async (more: readonly ShippedMessage[]): Promise<void> => {
    messages.push(...more)
  }
  const shipper = new Shipper({ redactor, machine: 'this-machine', messageBytes, sink: { write } })
  for (const block of blocks) {
    shipper.add(block)
    await shipper.give()
  }
  await shipper.finish()
  return messages
}

/** Lines as a consumer reads them out of messages, `batchMessages` at a time, with the sources that they came from. */
export function received(
  messages: readonly ShippedMessage[],
  blocks: readonly LineBlock[],
  batchMessages = 50,
): LineBlock[] {
  const reader = new MessageBlocks({ topic: 't' })
  const sources = new Map(blocks.map(({ source }) => [source.path, source]))
  const out: LineBlock[] = []
  for (let from = 0; from < messages.length; from += batchMessages) {
    const batch = batchOf(messages.slice(from, from + batchMessages))
    for (const block of reader.toBlocks(batch)) out.push({ ...block, source: sources.get(block.source.path)! })
  }
  return out
}

function toBlock({ source, bytes, starts, offsets }: ShippedLines): LineBlock {
  const offsetAt = (index: number): number => {
    const line = starts.findLastIndex((start) => start <= index)
    return offsets[line] + index - starts[line]
  }
  return { source, bytes, offset: offsets[0], last: false, offsetAt }
}

export interface Told {
  readonly documents: readonly IndexDocument[]
  readonly ledger: Readonly<Ledger>
  readonly rejections: readonly (readonly [RejectionReason, number])[]
}

/** What a consumer makes of lines. */
export function told(blocks: readonly LineBlock[], redactor: Redactor): Told {
  const rejections: [RejectionReason, number][] = []
  const processor = new Processor({
    redactor,
    windowMs: 5_000,
    latenessMs: 60_000,
    maxPending: 100_000,
    emit: 'final',
    heldWindows: 200_000,
    onRejection: (reason, { offset }) => rejections.push([reason, offset]),
  })
  for (const block of blocks) {
    processor.process(block)
    processor.advance()
  }
  processor.finish()
  const documents = processor.take().sort((a, b) => (`${a.kind}${a.id}` < `${b.kind}${b.id}` ? -1 : 1))
  return { documents, ledger: { ...processor.ledger }, rejections }
}
