import { mayBeResponse } from '../messages/http-head.js'
import { HttpReader } from '../messages/http-reader.js'
import type { MessageHandler, MessageHead, MessageReader, MessageSide } from '../messages/message-reader.js'
import { isTls, TlsHandshake, TlsReader } from '../messages/tls-reader.js'
import { ACK, FIN, RST, type Segment, SYN } from '../network/segment.js'
import { Exchange } from './exchange.js'
import { type Close, Flow, type FlowReceiver, type HeldBytes, type Mark } from './flow.js'
import { advance, distance } from './sequence.js'
import type { Direction } from './streams.js'

/** A server's port where the other side's is out of the range that systems choose clients' ports from. */
const FIRST_EPHEMERAL_PORT = 32_768

/** A stream of one file of a capture. */
export interface StreamPlace {
  /** From 0 on. */
  readonly file: number
  /** Wireshark's `tcp.stream` in that file. */
  readonly index: number
}

/** Of a connection that goes on through more files, the first and the last ones are remembered. */
const MAX_PLACES = 16

/**
 * One TCP connection while its packets come: which side is the client, what was asked and answered, how it ended. What it keeps
 * does not grow with the number of its packets.
 */
export class Connection implements FlowReceiver, MessageHandler {
  /** Where it is to be found, file by file. */
  readonly places: StreamPlace[] = []
  lastFile = -1
  /** The side that asks; null while nothing tells. */
  client: Direction | null = null
  syn: Mark | null = null
  /** SYNs of the client. */
  syns = 0
  synAnswer: Mark | null = null
  firstNs: number
  lastNs: number
  packets = 0
  readonly flows: readonly [Flow, Flow]
  /** Direction that closed first. */
  closedFirst: Direction | null = null
  /** Payload was last sent before the first close; the client's that the closing side had not received left out. */
  activityNs: number
  requests = 0
  exchange: Exchange | null = null
  previous: Exchange | null = null
  /** The longest time without payload after which a request was answered; -1 where none was. */
  longestReuseNs = -1
  handshake: TlsHandshake | null = null
  #readers: readonly [MessageReader, MessageReader] | null = null
  #at: Mark = { number: 0, timeNs: 0 }
  #sequence = 0

  constructor(
    readonly index: number,
    /** Ports of the endpoints that are first and second in order. */
    private readonly ports: readonly [number, number],
    /** Both, as `10.0.0.9:8080`. */
    readonly endpoints: readonly [string, string],
    timeNs: number,
    heldBytes: HeldBytes,
  ) {
    this.firstNs = timeNs
    this.lastNs = timeNs
    this.activityNs = timeNs
    this.flows = [new Flow(0, this, heldBytes), new Flow(1, this, heldBytes)]
  }

  /** Nothing more is to come but what is late. */
  get isClosed(): boolean {
    const [a, b] = this.flows
    return a.rst !== null || b.rst !== null || (a.fin !== null && b.fin !== null)
  }

  segment(segment: Segment, direction: Direction, number: number, timeNs: number): void {
    const { flags, sequence, payloadLength } = segment
    this.packets++
    this.lastNs = timeNs
    const flow = this.flows[direction]
    const other = this.flows[1 - direction]
    const isAck = (flags & ACK) !== 0
    if (isAck) {
      other.acknowledge(segment.acknowledgement)
      if (this.exchange !== null && this.exchange.requestReceived === null && direction !== this.client) {
        this.#receiveRequest(this.exchange, segment.acknowledgement, number, timeNs)
      }
    }
    if ((flags & (SYN | RST | FIN)) === 0 && payloadLength === 0) {
      if (flow.isKeepAliveProbe(sequence, payloadLength)) flow.keepAliveProbes++
      else flow.begin(sequence)
      return
    }
    const at: Mark = { number, timeNs }
    if ((flags & SYN) !== 0) this.#shake(flow, segment, direction, at)
    else if (payloadLength > 0 && (flags & RST) === 0) this.#take(flow, segment, direction, at)
    if ((flags & RST) !== 0) {
      const acknowledgement = isAck ? segment.acknowledgement : other.acknowledged
      flow.rst ??= { kind: 'rst', number, timeNs, acknowledgement }
      this.#close(direction, flow.rst)
    } else if ((flags & FIN) !== 0) {
      flow.begin(sequence)
      flow.fin ??= { kind: 'fin', number, timeNs, acknowledgement: isAck ? segment.acknowledgement : -1 }
      this.#close(direction, flow.fin)
    }
  }

  appear(place: StreamPlace): void {
    this.lastFile = place.file
    if (this.places.length >= MAX_PLACES) this.places.splice(1, 1)
    this.places.push(place)
  }

  /** Before the analysis of the connection ends. */
  finish(): void {
    for (const flow of this.flows) flow.flush()
    this.client ??= this.#guessClient()
  }

  #shake(flow: Flow, { flags, sequence }: Segment, direction: Direction, at: Mark): void {
    flow.begin(advance(sequence, 1))
    if ((flags & ACK) === 0) {
      this.client ??= direction
      if (direction !== this.client) return
      this.syns++
      this.syn ??= at
    } else {
      this.client ??= (1 - direction) as Direction
      if (direction !== this.client) this.synAnswer ??= at
    }
  }

  #take(flow: Flow, segment: Segment, direction: Direction, at: Mark): void {
    const { bytes, payloadStart, payloadEnd, payloadLength, sequence } = segment
    if (flow.isKeepAliveProbe(sequence, payloadLength)) {
      flow.keepAliveProbes++
      return
    }
    if (this.#readers === null) this.#open(segment, direction)
    flow.add(bytes, payloadStart, payloadEnd, payloadLength, sequence, at)
  }

  /** At the first payload: what is spoken, and where nothing has told yet, who asks. */
  #open({ bytes, payloadStart, payloadEnd }: Segment, direction: Direction): void {
    const isEncrypted = isTls(bytes, payloadStart, payloadEnd)
    if (this.client === null) {
      const start = String.fromCharCode(...bytes.subarray(payloadStart, Math.min(payloadEnd, payloadStart + 16)))
      const isAnswer = start.length >= 2 && mayBeResponse(start)
      const isAsked = /^[A-Z]{2,16}(?: |$)/.test(start) && !isAnswer
      this.client = isAnswer ? ((1 - direction) as Direction) : isAsked ? direction : this.#guessClient()
    }
    const [request, response] = isEncrypted
      ? this.#tlsReaders()
      : [new HttpReader('request', this), new HttpReader('response', this)]
    this.#readers = this.client === 0 ? [request, response] : [response, request]
  }

  #tlsReaders(): [MessageReader, MessageReader] {
    const handshake = new TlsHandshake()
    handshake.isUnseen = this.syn === null && this.synAnswer === null
    this.handshake = handshake
    return [new TlsReader('request', handshake, this), new TlsReader('response', handshake, this)]
  }

  #guessClient(): Direction {
    const [first, second] = this.ports
    const isFirstServer =
      first < FIRST_EPHEMERAL_PORT !== second < FIRST_EPHEMERAL_PORT ? first < second : first <= second
    return isFirstServer ? 1 : 0
  }

  receive(flow: Flow, bytes: Buffer, start: number, end: number, length: number, at: Mark): void {
    const readers = this.#readers
    if (readers === null) return
    this.#at = at
    this.#sequence = flow.sequence
    readers[1 - flow.direction].turn()
    if (readers[flow.direction].read(bytes, start, end, length)) this.#use(flow.direction, at)
  }

  miss({ direction, sequence }: Flow, at: Mark): void {
    this.#at = at
    this.#sequence = sequence
    this.#readers?.[direction].miss()
  }

  #use(direction: Direction, at: Mark): void {
    const { exchange } = this
    if (this.closedFirst === null) this.activityNs = at.timeNs
    if (exchange === null) return
    if (direction === this.client) exchange.requestLast = at
    else if (exchange.responseFirst !== null) exchange.responseLast = at
  }

  get requestMethod(): string | null {
    return this.exchange?.method ?? null
  }

  begin(side: MessageSide): void {
    if (side === 'request') {
      this.requests++
      this.previous = this.exchange
      this.exchange = new Exchange(this.#at, this.#sequence, this.#at.timeNs - this.activityNs)
    } else if (this.exchange !== null) {
      this.exchange.responseFirst ??= this.#at
      this.exchange.responseComplete = false
      this.longestReuseNs = Math.max(this.longestReuseNs, this.exchange.idleNs)
    }
  }

  head(side: MessageSide, head: MessageHead): void {
    const { status, framing, announcesClose } = head
    const { exchange } = this
    if (exchange === null) return
    exchange.announcesClose ||= announcesClose
    if (side === 'request') {
      exchange.method = head.method
      exchange.target = head.target
      exchange.pathStart = head.pathStart ?? null
      exchange.host = head.host
      exchange.correlationId = head.correlationId
    } else {
      exchange.status = status
      exchange.endsWithConnection = framing === 'connection'
    }
  }

  end(side: MessageSide): void {
    this.#mark(side, true)
  }

  unmarked(side: MessageSide): void {
    this.#mark(side, null)
  }

  foreign(side: MessageSide): void {
    if (side === 'response' && this.exchange !== null) this.exchange.isForeign = true
  }

  #mark(side: MessageSide, isComplete: true | null): void {
    if (this.exchange === null) return
    if (side === 'request') this.exchange.requestComplete = isComplete
    else this.exchange.responseComplete = isComplete
  }

  #receiveRequest(exchange: Exchange, acknowledgement: number, number: number, timeNs: number): void {
    if (distance(acknowledgement, exchange.requestSequence) > 0) exchange.requestReceived = { number, timeNs }
  }

  #close(direction: Direction, { acknowledgement }: Close): void {
    if (this.closedFirst !== null) return
    this.closedFirst = direction
    const { exchange } = this
    const isUnseen =
      exchange !== null && direction !== this.client && distance(acknowledgement, exchange.requestSequence) <= 0
    if (isUnseen) this.activityNs = exchange.requestFirst.timeNs - exchange.idleNs
  }
}
