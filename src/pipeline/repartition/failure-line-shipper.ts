import { decode, type EventView, Field } from '../../event-view.js'
import type { Redactor } from '../../redact/redactor.js'
import type { KafkaLineSink, LineMessage } from '../../sinks/kafka/line-sink.js'
import { HOST_HEADER, OFFSET_HEADER, PATH_HEADER } from '../../sources/kafka/messages.js'
import { Courier } from '../courier.js'
import { LineBytes } from '../ship/line-bytes.js'
import { writeRedactedLine } from '../ship/redact-event.js'

export interface FailureLineShipperOptions {
  readonly redactor: Redactor
  readonly sink: Pick<KafkaLineSink, 'write' | 'maxWrites'>
}

/** Lines in one write. */
const MAX_BATCH_LINES = 1_000
/** Lines that may wait; then `give` waits, and with it the source. */
const MAX_QUEUED_LINES = 10_000

/**
 * Ships the lines of failures to the topic where their halves meet: keyed by correlation id, without their secrets, with
 * host, file and place as they had them.
 */
export class FailureLineShipper {
  readonly #redactor: Redactor
  readonly #courier: Courier<LineMessage>
  readonly #bytes = new LineBytes()
  #lines: LineMessage[] = []
  #pushed = 0

  constructor({ redactor, sink }: FailureLineShipperOptions) {
    this.#redactor = redactor
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

  add(view: EventView): void {
    const { bytes, start, end, source, offset } = view
    writeRedactedLine(view, this.#redactor, this.#bytes)
    this.#lines.push({
      key: decode(bytes, start[Field.correlationId], end[Field.correlationId]),
      value: this.#bytes.take(),
      headers: {
        [PATH_HEADER]: source.path,
        [OFFSET_HEADER]: String(offset),
        ...(source.gateway !== null && { [HOST_HEADER]: source.gateway }),
      },
    })
  }

  /** Hands over what was added; resolves as soon as there is room for more. */
  async give(): Promise<void> {
    const lines = this.#lines
    this.#lines = []
    this.#pushed += lines.length
    this.#courier.take(lines)
    await this.#courier.hasRoom()
  }

  /** Resolves once everything that was added is with the brokers. */
  async finish(): Promise<void> {
    await this.give()
    await this.#courier.isEmpty()
  }
}
