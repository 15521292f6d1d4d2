import type { LineBlock, LineSource } from '../../records.js'
import type { Redactor } from '../../redact/redactor.js'
import type { KafkaLineSink, OutgoingLine } from '../../sinks/kafka/line-sink.js'
import { HOST_HEADER, OFFSET_HEADER, PATH_HEADER } from '../../sources/kafka/messages.js'
import { Courier } from '../courier.js'
import { RedactedLines, type ShippedLines } from './redacted-lines.js'

export interface ShipperOptions {
  readonly redactor: Redactor
  readonly sink: Pick<KafkaLineSink, 'write' | 'maxWrites'>
  /** Host of lines whose file does not tell it. */
  readonly machine: string
}

/** Lines in one write. */
const MAX_BATCH_LINES = 2_000
/** Lines that may wait; then `give` waits, and with it the source. */
const MAX_QUEUED_LINES = 20_000

/**
 * Ships lines without their secrets, one message for each, with host, file and place in the file in its headers. Key is
 * host and partition of the file: what one gateway process writes stays in order, over its rotations too.
 */
export class Shipper {
  readonly #lines: RedactedLines
  readonly #courier: Courier<OutgoingLine>
  readonly #machine: string
  readonly #sources = new Map<string, Set<LineSource>>()
  #pushed = 0

  constructor({ redactor, sink, machine }: ShipperOptions) {
    this.#lines = new RedactedLines(redactor)
    this.#machine = machine
    this.#courier = new Courier(sink, { maxBatch: MAX_BATCH_LINES, maxQueued: MAX_QUEUED_LINES })
  }

  /** Number of lines ever given to the sink. */
  get pushed(): number {
    return this.#pushed
  }

  /** Number of lines that the brokers have, counted in the order of reading. */
  get stored(): number {
    return this.#courier.confirmed
  }

  add(block: LineBlock): void {
    this.#lines.add(block)
    const { source } = block
    const sources = this.#sources.get(source.partition) ?? new Set()
    if (block.last) sources.delete(source)
    else sources.add(source)
    this.#sources.set(source.partition, sources)
  }

  /** A partition has gone quiet: what waits for more lines of it goes out. */
  flush(partition: string): void {
    for (const source of this.#sources.get(partition) ?? []) this.#lines.end(source)
    this.#sources.delete(partition)
  }

  /** Hands over what has been read; resolves as soon as there is room for more. */
  async give(): Promise<void> {
    for (const shipped of this.#lines.take()) {
      const lines = this.#outgoing(shipped)
      this.#pushed += lines.length
      this.#courier.take(lines)
    }
    await this.#courier.hasRoom()
  }

  /** Resolves once everything that was read is with the brokers. */
  async finish(): Promise<void> {
    for (const partition of [...this.#sources.keys()]) this.flush(partition)
    await this.give()
    await this.#courier.isEmpty()
  }

  #outgoing({ source, bytes, starts, offsets }: ShippedLines): readonly OutgoingLine[] {
    const host = source.gateway ?? this.#machine
    const key = `${host}:${source.partition}`
    return starts.map((start, index) => ({
      key,
      value: lineOf(bytes, start, starts[index + 1] ?? bytes.length),
      headers: { [PATH_HEADER]: source.path, [HOST_HEADER]: host, [OFFSET_HEADER]: String(offsets[index]) },
    }))
  }
}

const NEWLINE = 0x0a

/** A line less its `\n`; a blank one keeps it, for a message without a value is no line. */
function lineOf(bytes: Buffer, start: number, end: number): Buffer {
  return bytes.subarray(start, bytes[end - 1] === NEWLINE && end > start + 1 ? end - 1 : end)
}
