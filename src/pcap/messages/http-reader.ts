import {
  type HttpHead,
  isRequestStart,
  mayBeRequest,
  mayBeResponse,
  NOT_ASKED,
  readCutRequest,
  readRequestHead,
  readResponseHead,
} from './http-head.js'
import type { MessageHandler, MessageReader, MessageSide } from './message-reader.js'

/** A longer head is read no further: the end of its message is then taken from the other side's turn. */
const MAX_HEAD_LENGTH = 65_536
const HEAD_END = '\r\n\r\n'
const MAX_CHUNK_LINE = 64

const State = { between: 0, head: 1, body: 2, chunkSize: 3, chunkData: 4, trailer: 5, rest: 6, turn: 7 } as const
type State = (typeof State)[keyof typeof State]

/**
 * Cuts one side's bytes into HTTP/1.1 messages: by heads and lengths where they are in clear, else by turns. Bodies are counted,
 * not read, so a capture that cuts packets behind the heads is as good as a whole one.
 */
export class HttpReader implements MessageReader {
  #state: State = State.between
  /** Of a head, or of a chunk's line, that comes in several pieces; each character a byte. */
  #held = ''
  /** Bytes of the body or chunk that are still to come. */
  #left = 0
  /** Bytes are missing right before the next piece, so that it may begin with a message. */
  #isBehindGap = false

  constructor(
    private readonly side: MessageSide,
    private readonly handler: MessageHandler,
  ) {}

  read(bytes: Buffer, start: number, end: number, length: number): boolean {
    let at = start
    const wireEnd = start + length
    if (this.#isBehindGap && this.#isStart(bytes.toString('latin1', at, Math.min(end, at + 24)))) this.turn()
    this.#isBehindGap = false
    while (at < wireEnd) {
      if (this.#state === State.between) this.#begin()
      if (this.#state === State.body || this.#state === State.chunkData) at = this.#pass(at, wireEnd)
      else if (this.#state === State.rest || this.#state === State.turn) break
      else if (at >= end) this.#lose()
      else if (this.#state === State.head) at = this.#readHead(bytes, at, end, wireEnd)
      else at = this.#readLine(bytes, at, end)
    }
    return true
  }

  miss(): void {
    if (this.#state === State.between) this.#begin()
    this.#lose()
    this.#isBehindGap = true
  }

  turn(): void {
    if (this.#state === State.turn) this.#state = State.between
  }

  #begin(): void {
    this.#state = State.head
    this.#held = ''
    this.handler.begin(this.side)
  }

  #lose(): void {
    this.#state = State.turn
    this.#held = ''
    this.handler.unmarked(this.side)
  }

  #end(): void {
    this.#state = State.between
    this.handler.end(this.side)
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

  /** Where the head ends, or the piece where it does not end in it. */
  #readHead(bytes: Buffer, at: number, end: number, wireEnd: number): number {
    const before = this.#held.length
    const text = this.#held + bytes.toString('latin1', at, Math.min(end, at + MAX_HEAD_LENGTH))
    const found = text.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length))
    if (found >= 0) {
      this.#held = ''
      const length = found + HEAD_END.length
      this.#takeHead(text.slice(0, length))
      return at + length - before
    }
    if (before === 0 && !this.#mayBe(text.slice(0, 17))) this.#refuse()
    else if (end < wireEnd || text.length >= MAX_HEAD_LENGTH) this.#cutHead(text)
    else this.#held = text
    return wireEnd
  }

  #mayBe(start: string): boolean {
    return this.side === 'request' ? mayBeRequest(start) : mayBeResponse(start)
  }

  #isStart(start: string): boolean {
    return this.side === 'request' ? isRequestStart(start) : start.startsWith('HTTP/1.')
  }

  #takeHead(text: string): void {
    const { side, handler } = this
    const head = side === 'request' ? readRequestHead(text) : readResponseHead(text, handler.requestMethod)
    if (head === null) return this.#refuse()
    if (isInterim(head)) return
    handler.head(side, head)
    this.#left = head.length
    if (head.framing === 'none') this.#end()
    else if (head.framing === 'length') this.#state = State.body
    else this.#state = head.framing === 'chunked' ? State.chunkSize : State.rest
  }

  /** What a head that was cut still tells. */
  #cutHead(text: string): void {
    const rest = { framing: 'none', announcesClose: false } as const
    if (this.side === 'request') {
      const request = readCutRequest(text)
      if (request !== null) this.handler.head('request', { ...request, status: null, ...rest })
    } else {
      const status = /^HTTP\/1\.\d (\d{3})/.exec(text)?.[1]
      if (status !== undefined) this.handler.head('response', { ...NOT_ASKED, status: Number(status), ...rest })
    }
    this.#lose()
  }

  #refuse(): void {
    this.handler.foreign(this.side)
    this.#lose()
  }

  /** Lines between and behind chunks: their sizes, the end of a chunk, trailers. */
  #readLine(bytes: Buffer, at: number, end: number): number {
    const isTrailer = this.#state === State.trailer
    const limit = isTrailer ? MAX_HEAD_LENGTH : MAX_CHUNK_LINE
    const text = bytes.toString('latin1', at, Math.min(end, at + limit))
    const newline = text.indexOf('\n')
    const line = this.#held + (newline < 0 ? text : text.slice(0, newline))
    if (newline < 0 && line.length >= limit) this.#lose()
    else if (newline < 0) this.#held = line
    else {
      this.#held = ''
      this.#takeLine(line.trim())
    }
    return newline < 0 ? at + text.length : at + newline + 1
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

/** 100 Continue and the like: the response proper follows. */
const isInterim = ({ status }: HttpHead): boolean => status !== null && status < 200 && status !== 101
