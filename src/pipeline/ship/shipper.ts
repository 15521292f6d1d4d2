import type { LineBlock, LineSource } from '../../records.js'
import type { Redactor } from '../../redact/redactor.js'
import type { LineMessage } from '../../sinks/kafka/line-sink.js'
import { HOST_HEADER, OFFSET_HEADER, PATH_HEADER, PIECES_HEADER } from '../../sources/kafka/messages.js'
import { writePieces } from '../../sources/kafka/pieces.js'
import { Courier, type Recipient } from '../courier.js'
import { packLines } from './pack-lines.js'
import { RedactedLines, type ShippedLines } from './redacted-lines.js'

export interface ShipperOptions {
  readonly redactor: Redactor
  readonly sink: Recipient<ShippedMessage>
  /** Host of lines whose file does not tell it. */
  readonly machine: string
  /** Lines of a file are packed together up to so many bytes; 0: each one for itself. */
  readonly messageBytes: number
}

export interface ShippedMessage extends LineMessage {
  /** Number of its lines. */
  readonly count: number
}

/** Lines in one write. */
const MAX_BATCH_LINES = 2_000
/** Lines that may wait; then `give` waits, and with it the source. */
const MAX_QUEUED_LINES = 20_000

/**
 * Ships lines without their secrets. Those of one file that are at hand together share a message, with host, file and
 * their places in the file in its headers; none waits for others to fill it. Key is host and partition of the file: what
 * one gateway process writes stays in order, over its rotations too.
 */
export class Shipper {
  readonly #lines: RedactedLines
  readonly #courier: Courier<ShippedMessage>
  readonly #machine: string
  readonly #messageBytes: number
  readonly #sources = new Map<string, Set<LineSource>>()
  #pushed = 0

  constructor({ redactor, sink, machine, messageBytes }: ShipperOptions) {
    this.#lines = new RedactedLines(redactor)
    this.#machine = machine
    this.#messageBytes = messageBytes
    this.#courier = new Courier(sink, {
      maxBatch: MAX_BATCH_LINES,
      maxQueued: MAX_QUEUED_LINES,
      sizeOf: linesOf,
    })
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
    if (source.goesOn === true) sources.clear()
    if (block.last && source.goesOn !== true) sources.delete(source)
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
      this.#pushed += shipped.starts.length
      this.#courier.take(this.#messages(shipped))
    }
    await this.#courier.hasRoom()
  }

  /** Resolves once everything that was read is with the brokers. */
  async finish(): Promise<void> {
    for (const partition of [...this.#sources.keys()]) this.flush(partition)
    await this.give()
    await this.#courier.isEmpty()
  }

  #messages(shipped: ShippedLines): readonly ShippedMessage[] {
    const { source } = shipped
    const host = source.gateway ?? this.#machine
    const key = `${host}:${source.partition}`
    return Array.from(packLines(shipped, this.#messageBytes), ({ value, count, pieces }) => {
      const further = writePieces(pieces)
      const headers = {
        [PATH_HEADER]: source.path,
        [HOST_HEADER]: host,
        [OFFSET_HEADER]: String(pieces[0].offset),
        ...(further !== null && { [PIECES_HEADER]: further }),
      }
      return { key, value, headers, count }
    })
  }
}

/** What a message counts: its lines. */
export const linesOf = ({ count }: ShippedMessage): number => count
