import type { LineBlock, LineSource, MessagePosition } from '../../records.js'

/** Lines of one source out of one batch of messages. */
export interface KafkaBlock extends LineBlock {
  /** Kafka offset of the first message. */
  readonly firstOffset: number
  readonly offsetAt: (index: number) => number
}

const NEWLINE = 0x0a

/** Collects the texts of messages, and copies them once. */
export class BlockBuilder {
  readonly #pieces: Uint8Array[] = []
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
  add(text: Uint8Array, kafkaOffset: number, fileOffset: number | null): void {
    this.#pieces.push(text)
    this.#starts.push(this.#length)
    this.#places.push(fileOffset ?? -1)
    this.#offsets.push(kafkaOffset)
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
      bytes: joined(this.#pieces, this.#length),
      offset: offsetAt(0),
      last: false,
      firstOffset,
      offsetAt,
      messageAt: (index) => ({ topic, partition, offset: offsets[pieceAt(index)] }),
    }
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1 && pieces[0].length === length) return pieces[0]
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
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
