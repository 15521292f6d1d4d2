import { BlockBuilder, type KafkaBlock } from './block-builder.js'
import type { HeaderValue, KafkaMessage, MessageBatch } from './message.js'
import { headerText, type MessageSource, MessageSources } from './message-sources.js'
import { type Piece, readPieces } from './pieces.js'
import { unwrapShipper } from './shipper-envelopes.js'

export type { KafkaBlock } from './block-builder.js'

/** Headers of a message as our own sink writes it: its value is whole lines as they stood in the file. */
export const PATH_HEADER = 'hangup-path'
export const HOST_HEADER = 'hangup-host'
/** Byte offset in the file of the message's first line, in decimal digits. */
export const OFFSET_HEADER = 'hangup-offset'
/** Places of its further lines, where they do not follow by length (`writePieces`). */
export const PIECES_HEADER = 'hangup-pieces'

export interface MessageBlocksOptions {
  readonly topic: string
  /** Sources by name in one partition of the topic; what is beyond belongs to the source `<topic>/<partition>`. */
  readonly maxSources?: number
}

/** What became of the messages; all are counted in `messages`. */
export interface MessageCounts {
  messages: number
  /** Without a value, or with an empty one: they hold no line. */
  empty: number
  /** JSON of a shipper, out of which the line was taken. */
  unwrapped: number
  /** With a source for which there was no room. */
  overflowed: number
}

const MAX_SOURCES = 4_096
/** A block that has grown as long is closed, and another one begun. */
const MAX_BLOCK_BYTES = 16 << 20
const OPEN_BRACE = 0x7b

/**
 * Messages of a topic → blocks of lines by source. A message is a plain line or several, or a shipper's JSON around
 * them; which of these is told from its first byte and its fields, not by configuration. Nothing is rejected here: what
 * is no known envelope goes on as it is, and the parser says what it is.
 *
 * File and host come from our own sink's headers, else from headers named `path`, `file` and `host`, else from the
 * fields of a shipper. Keys are not looked at: other shippers put anything there.
 */
export class MessageBlocks {
  readonly counts: MessageCounts = { messages: 0, empty: 0, unwrapped: 0, overflowed: 0 }
  readonly #topic: string
  readonly #maxSources: number
  readonly #partitions = new Map<number, MessageSources>()
  /** Of the batch at hand: its blocks, and the sources that have one. */
  #blocks: BlockBuilder[] = []
  #partition = 0
  readonly #open: MessageSource[] = []

  constructor({ topic, maxSources = MAX_SOURCES }: MessageBlocksOptions) {
    this.#topic = topic
    this.#maxSources = maxSources
  }

  /**
   * The lines of a batch. Blocks stand in the order of their first messages, lines of one source in that of theirs, each
   * with a `\n`. A line's offset (`offsetAt`) does not depend on how messages came in batches: it is its place in its
   * file, or the Kafka offset of its message where that is not known. Its message (`messageAt`) is known always.
   */
  toBlocks({ partition, messages }: MessageBatch): readonly KafkaBlock[] {
    const sources = this.#sourcesOf(partition)
    this.#partition = partition
    const overflowedBefore = sources.overflowed
    for (const message of messages) this.#add(message, sources)
    sources.endBatch()
    this.counts.messages += messages.length
    this.counts.overflowed += sources.overflowed - overflowedBefore
    const builders = this.#blocks
    this.#blocks = []
    for (const source of this.#open) source.block = null
    this.#open.length = 0
    return builders.map((builder) => builder.build())
  }

  /** Forgets the sources of a partition that is somebody else's now. */
  forget(partition: number): void {
    this.#partitions.delete(partition)
  }

  #add({ value, headers, offset, timestampMs }: KafkaMessage, sources: MessageSources): void {
    if (value === null || value.length === 0) {
      this.counts.empty++
      return
    }
    const ownPath = headerValue(headers[PATH_HEADER])
    const ownHost = headerValue(headers[HOST_HEADER])
    // Our own sink sends lines as they are: one that looks like a shipper's JSON is a line that somebody logged.
    const isOwn = ownPath !== undefined || ownHost !== undefined
    if (isOwn) {
      const source = sources.ofHeaders(ownPath, ownHost, timestampMs)
      return this.#line(source, value, offset, placeOf(headers, value.length), { isOwn })
    }
    const path = headerValue(headers.path) ?? headerValue(headers.file)
    const host = headerValue(headers.host)
    const shipped = value[0] === OPEN_BRACE ? unwrapShipper(value) : null
    if (shipped === null) return this.#line(sources.ofHeaders(path, host, timestampMs), value, offset, null)
    this.counts.unwrapped++
    const source = sources.of(headerText(path) ?? shipped.path, headerText(host) ?? shipped.host, timestampMs)
    // A blank line in its file, or what is left of one, is a line all the same.
    const text = Buffer.from(shipped.text === '' ? '\n' : shipped.text)
    const isPlaced = path === undefined && shipped.offset !== null
    this.#line(source, text, offset, isPlaced ? [{ start: 0, offset: shipped.offset }] : null)
  }

  #line(
    to: MessageSource,
    text: Uint8Array,
    kafkaOffset: number,
    place: readonly Piece[] | null,
    { isOwn = false } = {},
  ): void {
    const pieces = to.isFile ? place : null
    const isShipped = isOwn && pieces !== null
    const block = isShipped === (to.block?.source === to.shipped) ? to.block : null
    // The begin of a gateway process is told by a block that begins there, so that it is seen in any batch.
    const isBegin = pieces?.[0].offset === 0 && to.placed.isFirst === true
    if (block !== null && !isBegin && block.length < MAX_BLOCK_BYTES) return block.add(text, kafkaOffset, pieces)
    if (to.block === null) this.#open.push(to)
    const first = { topic: this.#topic, partition: this.#partition, offset: kafkaOffset }
    to.block = new BlockBuilder(sourceOf(to, { isPlaced: pieces !== null, isOwn }), first)
    to.block.add(text, kafkaOffset, pieces)
    this.#blocks.push(to.block)
  }

  #sourcesOf(partition: number): MessageSources {
    const known = this.#partitions.get(partition)
    if (known !== undefined) return known
    const made = new MessageSources({ topic: this.#topic, partition, maxSources: this.#maxSources })
    this.#partitions.set(partition, made)
    return made
  }
}

function sourceOf(
  { source, placed, shipped }: MessageSource,
  { isPlaced, isOwn }: { isPlaced: boolean; isOwn: boolean },
) {
  if (!isPlaced) return source
  return isOwn ? shipped : placed
}

/** Where the lines of a message of our own stood in their file; null where that is not known for all of them. */
function placeOf(headers: KafkaMessage['headers'], length: number): readonly Piece[] | null {
  const offset = digitsOf(headerValue(headers[OFFSET_HEADER]))
  if (offset === null) return null
  const further = headerValue(headers[PIECES_HEADER])
  return further === undefined ? [{ start: 0, offset }] : readPieces(further, { offset, length })
}

/** Of a header that is repeated, the last one counts. */
function headerValue(header: HeaderValue | undefined): Buffer | undefined {
  if (header === undefined || Buffer.isBuffer(header)) return header
  return header?.at(-1) ?? undefined
}

/** Null where there are none, or anything else. */
function digitsOf(bytes: Uint8Array | undefined): number | null {
  if (bytes === undefined || bytes.length === 0 || bytes.length > 15) return null
  let value = 0
  for (const byte of bytes) {
    const digit = byte - 0x30
    if (digit < 0 || digit > 9) return null
    value = value * 10 + digit
  }
  return value
}
