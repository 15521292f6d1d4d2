import type { LineBlock, LineSource, MessagePosition } from '../../records.js'
import type { Piece } from './pieces.js'

/** Lines of one source out of one batch of messages. */
export interface KafkaBlock extends LineBlock {
  /** Kafka offset of the first message. */
  readonly firstOffset: number
  readonly offsetAt: (index: number) => number
}

const NEWLINE = 0x0a

/** Collects the texts of messages, and copies them once. */
export class BlockBuilder {
  readonly #texts: Uint8Array[] = []
  /** Per piece of a text: where it begins. */
  readonly #starts: number[] = []
  /** Per piece: its place in the file, or -1 where it has none. */
  readonly #places: number[] = []
  /** Per piece: its Kafka offset. */
  readonly #offsets: number[] = []
  #length = 0

  constructor(
    readonly source: LineSource,
    private readonly first: MessagePosition,
  ) {}

  get length(): number {
    return this.#length
  }

  /** `text` is not empty; without a place in a file its lines have the message's offset. */
  add(text: Uint8Array, kafkaOffset: number, places: readonly Piece[] | null): void {
    this.#texts.push(text)
    for (const { start, offset } of places ?? NOWHERE) {
      this.#starts.push(this.#length + start)
      this.#places.push(offset)
      this.#offsets.push(kafkaOffset)
    }
    this.#length += text[text.length - 1] === NEWLINE ? text.length : text.length + 1
  }

  build(): KafkaBlock {
    const starts = this.#starts
    const places = this.#places
    const offsets = this.#offsets
    const pieceAt = pieceFinder(starts)
    const offsetAt = (index: number): number => {
      const piece = pieceAt(index)
      return places[piece] < 0 ? offsets[piece] : places[piece] + index - starts[piece]
    }
    const { topic, partition, offset: firstOffset } = this.first
    return {
      source: this.source,
      bytes: joined(this.#texts, this.#length),
      offset: offsetAt(0),
      last: false,
      firstOffset,
      offsetAt,
      messageAt: (index) => ({ topic, partition, offset: offsets[pieceAt(index)] }),
    }
  }
}

const NOWHERE: readonly Piece[] = [{ start: 0, offset: -1 }]

function joined(texts: readonly Uint8Array[], length: number): Uint8Array {
  if (texts.length === 1 && texts[0].length === length) return texts[0]
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const text of texts) {
    bytes.set(text, at)
    at += text.length
    if (bytes[at - 1] !== NEWLINE) bytes[at++] = NEWLINE
  }
  return bytes
}

/** The parser asks from left to right, so the piece asked for is nearly always the next one. */
function pieceFinder(starts: readonly number[]): (index: number) => number {
  let piece = 0
  return (index) => {
    if (index < starts[piece]) piece = 0
    while (piece + 1 < starts.length && starts[piece + 1] <= index) piece++
    return piece
  }
}
