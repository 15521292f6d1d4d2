import {
  cutMethod,
  type HttpHead,
  mayBeRequest,
  mayBeResponse,
  readRequestHead,
  readResponseHead,
} from './http-head.js'
import type { MessageHandler, MessageReader, Piece } from './message-reader.js'

/** A longer head is read no further: the end of its message is then taken from the other side's turn. */
const MAX_HEAD_BYTES = 65_536
const HEAD_END = Buffer.from('\r\n\r\n')
const MAX_CHUNK_LINE = 64

const State = { between: 0, head: 1, body: 2, chunkSize: 3, chunkData: 4, trailer: 5, rest: 6, turn: 7 } as const
type State = (typeof State)[keyof typeof State]

export interface HttpReaderInput {
  readonly side: 'request' | 'response'
  readonly handler: MessageHandler
  /** Of the request that the next response answers. */
  readonly requestMethod: () => string | null
}

/**
 * Cuts one side's bytes into HTTP/1.1 messages: by heads and lengths where they are in clear, else by turns. Bodies are counted,
 * not read, so a capture that cuts packets behind the heads is as good as a whole one.
 */
export class HttpReader implements MessageReader {
  #state: State = State.between
  /** Of a head, or of a chunk's line, that came in several pieces. */
  #held: Buffer = EMPTY
  /** Bytes of the body or chunk that are still to come. */
  #left = 0

  constructor(private readonly input: HttpReaderInput) {}

  read(piece: Piece): void {
    const { bytes, start, end, length } = piece
    let at = start
    const wireEnd = start + length
    while (at < wireEnd) {
      if (this.#state === State.between) this.#begin()
      if (this.#state === State.body || this.#state === State.chunkData) at = this.#pass(at, wireEnd)
      else if (this.#state === State.rest || this.#state === State.turn) return
      else if (at >= end) return this.#lose()
      else at = this.#state === State.head ? this.#readHead(bytes, at, piece) : this.#readLine(bytes, at, end)
    }
  }

  miss(): void {
    if (this.#state === State.between) this.#begin()
    this.#lose()
  }

  turn(): void {
    if (this.#state === State.turn) this.#state = State.between
  }

  #begin(): void {
    this.#state = State.head
    this.#held = EMPTY
    this.input.handler.begin()
  }

  #lose(): void {
    this.#state = State.turn
    this.#held = EMPTY
    this.input.handler.unmarked()
  }

  #end(): void {
    this.#state = State.between
    this.input.handler.end()
  }

  #pass(at: number, wireEnd: number): number {
    const passed = Math.min(this.#left, wireEnd - at)
    this.#left -= passed
    if (this.#left === 0) {
      if (this.#state === State.body) this.#end()
      else this.#state = State.chunkSize
    }
    return at + passed
  }

  #readHead(bytes: Uint8Array, at: number, { end, length, start }: Piece): number {
    const isCut = end - start < length
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at)
    const text = this.#held.length === 0 ? fresh : Buffer.concat([this.#held, fresh])
    const found = text.indexOf(HEAD_END)
    if (found < 0) {
      if (this.#held.length === 0 && !this.#mayBe(text.toString('latin1', 0, 17))) this.#refuse()
      else if (isCut || text.length > MAX_HEAD_BYTES) this.#cutHead(text)
      else this.#held = Buffer.from(text)
      return start + length
    }
    const next = at + found + HEAD_END.length - this.#held.length
    this.#held = EMPTY
    this.#takeHead(text.toString('latin1', 0, found + HEAD_END.length))
    return next
  }

  #mayBe(start: string): boolean {
    return this.input.side === 'request' ? mayBeRequest(start) : mayBeResponse(start)
  }

  #takeHead(text: string): void {
    const { side, requestMethod, handler } = this.input
    const head = side === 'request' ? readRequestHead(text) : readResponseHead(text, requestMethod())
    if (head === null) return this.#refuse()
    if (isInterim(head)) {
      this.#state = State.head
      return
    }
    handler.head({ ...head, endsWithConnection: head.framing === 'connection' })
    this.#left = head.length
    if (head.framing === 'none') this.#end()
    else if (head.framing === 'length') this.#state = State.body
    else this.#state = head.framing === 'chunked' ? State.chunkSize : State.rest
  }

  #cutHead(text: Buffer): void {
    const start = text.toString('latin1', 0, 16)
    if (this.input.side === 'request') {
      const method = cutMethod(start)
      const none = { target: null, status: null, announcesClose: false, endsWithConnection: false }
      if (method !== null) this.input.handler.head({ method, ...none })
    } else {
      const status = /^HTTP\/1\.\d (\d{3})/.exec(start)?.[1]
      const none = { method: null, target: null, announcesClose: false, endsWithConnection: false }
      if (status !== undefined) this.input.handler.head({ status: Number(status), ...none })
    }
    this.#lose()
  }

  #refuse(): void {
    this.input.handler.foreign()
    this.#lose()
  }

  /** Lines between and behind chunks: their sizes, the end of a chunk, trailers. */
  #readLine(bytes: Uint8Array, at: number, end: number): number {
    const newline = bytes.indexOf(10, at)
    const stop = newline < 0 || newline >= end ? end : newline + 1
    const line = Buffer.concat([this.#held, bytes.subarray(at, stop)])
    const isWhole = line.at(-1) === 10
    this.#held = isWhole ? EMPTY : line
    if (isWhole) this.#takeLine(line.toString('latin1').trim())
    else if (line.length > (this.#state === State.trailer ? MAX_HEAD_BYTES : MAX_CHUNK_LINE)) this.#lose()
    return stop
  }

  #takeLine(line: string): void {
    if (this.#state === State.trailer) {
      if (line === '') this.#end()
      return
    }
    // The line break that ends a chunk.
    if (line === '') return
    const size = /^[0-9a-f]{1,12}(?=;|$)/i.exec(line)?.[0]
    if (size === undefined) return this.#lose()
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? State.trailer : State.chunkData
  }
}

const EMPTY: Buffer = Buffer.alloc(0)

/** 100 Continue and the like: the response proper follows. */
const isInterim = ({ status }: HttpHead): boolean => status !== null && status < 200 && status !== 101
