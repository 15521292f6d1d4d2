import type { AddressBook } from '../network/address-book.js'
import type { Segment } from '../network/segment.js'
import { Connection } from './connection.js'
import { HeldBytes } from './flow.js'
import { Streams } from './streams.js'

export interface ConnectionsInput {
  readonly addresses: AddressBook
  /** Each connection once, when nothing more of it is to come, or when there is no room for it any longer. */
  readonly onEnd: (connection: Connection) => void
  /** Connections whose packets are looked at, at one time; the longest silent ones give way. */
  readonly maxOpen?: number
}

const NS_PER_SECOND = 1_000_000_000
/** So long after a close packets may still belong to it: repeated ones, answers to them. */
const LINGER_NS = 10 * NS_PER_SECOND

/** The connections of a capture: by the stream of each segment, a bounded number at one time. */
export class Connections {
  readonly streams = new Streams()
  /** Numbers the streams of a later file of the capture; null in the first one, where they are the capture's. */
  #fileStreams: Streams | null = null
  #file = 0
  /** Connections that gave way though they were not closed. */
  evicted = 0
  readonly #open = new Map<number, Connection>()
  readonly #heldBytes = new HeldBytes()
  readonly #maxOpen: number
  /** In the order of their close; the first ones have been dealt with. */
  #closed: { readonly connection: Connection; readonly timeNs: number }[] = []
  #firstClosed = 0

  constructor(private readonly input: ConnectionsInput) {
    this.#maxOpen = input.maxOpen ?? 32_768
  }

  segment(segment: Segment, number: number, timeNs: number): void {
    const { streams } = this
    const known = streams.count
    const index = streams.locate(segment)
    const indexInFile = this.#fileStreams?.locate(segment) ?? index
    const connection = index < known ? this.#open.get(index) : this.#begin(index, segment, timeNs)
    // What comes when the analysis of its connection has ended tells nothing more.
    if (connection === undefined) return
    if (connection.lastFile !== this.#file) connection.appear({ file: this.#file, index: indexInFile })
    const wasClosed = connection.isClosed
    connection.segment(segment, streams.direction, number, timeNs)
    if (!wasClosed && connection.isClosed) this.#closed.push({ connection, timeNs })
  }

  /** The packets that follow are of the next file of the capture. */
  beginFile(file: number): void {
    this.#file = file
    this.#fileStreams = new Streams()
  }

  /** The capture is at its end. */
  end(): void {
    for (const connection of this.#open.values()) this.input.onEnd(connection)
    this.#open.clear()
  }

  #begin(index: number, segment: Segment, timeNs: number): Connection {
    this.#finishClosed(timeNs)
    if (this.#open.size >= this.#maxOpen) this.#evict()
    const { isIpv6, source, destination, sourcePort, destinationPort } = segment
    const from = this.input.addresses.endpoint(isIpv6, source, sourcePort)
    const to = this.input.addresses.endpoint(isIpv6, destination, destinationPort)
    const connection =
      this.streams.direction === 0
        ? new Connection(index, [sourcePort, destinationPort], [from, to], timeNs, this.#heldBytes)
        : new Connection(index, [destinationPort, sourcePort], [to, from], timeNs, this.#heldBytes)
    this.#open.set(index, connection)
    return connection
  }

  #finishClosed(nowNs: number): void {
    const closed = this.#closed
    while (this.#firstClosed < closed.length) {
      const { connection, timeNs } = closed[this.#firstClosed]
      const isTooMany = closed.length - this.#firstClosed > this.#maxOpen
      if (!isTooMany && nowNs - timeNs <= LINGER_NS) break
      this.#finish(connection)
      this.#firstClosed++
    }
    if (this.#firstClosed < 1_024) return
    this.#closed = closed.slice(this.#firstClosed)
    this.#firstClosed = 0
  }

  /** A quarter at once, so that it is seldom. */
  #evict(): void {
    const longestSilent = [...this.#open.values()].sort((a, b) => a.lastNs - b.lastNs)
    for (const connection of longestSilent.slice(0, Math.ceil(this.#maxOpen / 4))) {
      if (!connection.isClosed) this.evicted++
      this.#finish(connection)
    }
  }

  /** It may have given way before. */
  #finish(connection: Connection): void {
    if (this.#open.delete(connection.index)) this.input.onEnd(connection)
  }
}
