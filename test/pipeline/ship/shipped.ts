import { Processor } from '../../../src/pipeline/processor.js'
import { RedactedLines, type ShippedLines } from '../../../src/pipeline/ship/redacted-lines.js'
import type { IndexDocument, Ledger, LineBlock, RejectionReason } from '../../../src/records.js'
import type { Redactor } from '../../../src/redact/redactor.js'
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
