import type { HostNames } from './host-names.js'
import { KeptConnections } from './kept-connections.js'
import { AddressBook } from './network/address-book.js'
import { Content, dissect } from './network/dissect.js'
import { readDnsAnswer } from './network/dns.js'
import { Segment } from './network/segment.js'
import { firstNumberOf } from './packet-place.js'
import { CaptureDecoder, type CaptureEnd } from './read/decoder.js'
import type { PacketView } from './read/packet.js'
import type { Targets } from './targets.js'
import { Connections } from './tcp/connections.js'
import type { ConnectionFacts } from './verdict/facts.js'

/** What one file of a capture holds. */
export interface FileResult {
  readonly end: CaptureEnd
  readonly packets: number
}

export interface CaptureResult {
  /** In the order in which they were read. */
  readonly files: readonly FileResult[]
  readonly packets: number
  /** Packets by what they are to the analysis. */
  readonly contents: Readonly<Record<keyof typeof Content, number>>
  /** All times of the connections are nanoseconds since this second of the epoch. */
  readonly baseSeconds: number
  /** The earliest and the latest packet. */
  readonly firstNs: number
  readonly lastNs: number
  /** Wireshark would count as many in one file. */
  readonly streams: number
  /** By their index. */
  readonly connections: readonly ConnectionFacts[]
  /** Connections for which there was no room, none of them with a finding as long as others gave way. */
  readonly omitted: number
  /** Connections whose later packets were not looked at, for there were too many at one time. */
  readonly evicted: number
}

export interface CaptureAnalysisInput {
  /** Gets every connection. */
  readonly targets: Targets
  /** Learns which hosts are which endpoints. */
  readonly names?: HostNames
  readonly maxOpen?: number
  readonly maxKept?: number
}

/**
 * A capture of one file or several that continue each other, from its bytes to facts about its connections. Memory is bounded: by the
 * connections that are open at one time and by those that are kept, not by the length of the files.
 */
export class CaptureAnalysis {
  readonly #segment = new Segment()
  readonly #addresses = new AddressBook()
  readonly #kept: KeptConnections
  readonly #names: HostNames | undefined
  readonly #connections: Connections
  #decoder = this.#newDecoder()
  readonly #files: FileResult[] = []
  #firstNumber = 0
  readonly #contents = new Uint32Array(Object.keys(Content).length)
  #baseSeconds = -1
  #firstNs = Number.POSITIVE_INFINITY
  #lastNs = Number.NEGATIVE_INFINITY

  constructor({ targets, names, maxOpen, maxKept }: CaptureAnalysisInput) {
    this.#kept = new KeptConnections(maxKept)
    this.#names = names
    this.#connections = new Connections({
      addresses: this.#addresses,
      onEnd: (connection) => {
        const facts = this.#kept.add(connection)
        targets.add(facts)
        const host = facts.exchange?.host ?? null
        if (host !== null) names?.observe(host, facts.target)
      },
      maxOpen,
    })
  }

  /** False once the capture cannot be read on. The bytes may be overwritten afterwards. */
  push(chunk: Uint8Array): boolean {
    return this.#decoder.push(chunk)
  }

  /** To be called behind the last byte of each file; more files may follow. */
  endFile(): FileResult {
    const file = { end: this.#decoder.end(), packets: this.#decoder.packets }
    this.#files.push(file)
    this.#firstNumber = firstNumberOf(this.#files.length)
    this.#decoder = this.#newDecoder()
    this.#connections.beginFile(this.#files.length)
    return file
  }

  /** The latest packet so far, in milliseconds since 1970. */
  get lastMs(): number {
    return this.#baseSeconds * 1_000 + this.#lastNs / 1_000_000
  }

  end(): CaptureResult {
    this.#connections.end()
    const packets = this.#files.reduce((sum, file) => sum + file.packets, 0)
    const count = (content: Content): number => this.#contents[content]
    return {
      files: this.#files,
      packets,
      contents: {
        tcp: count(Content.tcp),
        other: count(Content.other),
        fragment: count(Content.fragment),
        cut: count(Content.cut),
        malformed: count(Content.malformed),
        unknownLink: count(Content.unknownLink),
      },
      baseSeconds: Math.max(0, this.#baseSeconds),
      firstNs: packets === 0 ? 0 : this.#firstNs,
      lastNs: packets === 0 ? 0 : this.#lastNs,
      streams: this.#connections.streams.count,
      connections: this.#kept.all(),
      omitted: this.#kept.omitted,
      evicted: this.#connections.evicted,
    }
  }

  #newDecoder(): CaptureDecoder {
    return new CaptureDecoder((packet) => this.#packet(packet))
  }

  #packet(packet: PacketView): void {
    if (this.#baseSeconds < 0) this.#baseSeconds = packet.seconds
    const timeNs = (packet.seconds - this.#baseSeconds) * 1_000_000_000 + packet.nanoseconds
    if (timeNs < this.#firstNs) this.#firstNs = timeNs
    if (timeNs > this.#lastNs) this.#lastNs = timeNs
    const content = dissect(packet, this.#segment, this.#addresses)
    this.#contents[content]++
    if (content === Content.tcp) this.#connections.segment(this.#segment, this.#firstNumber + packet.number, timeNs)
    else if (content === Content.other && this.#names !== undefined) {
      const answer = readDnsAnswer(packet)
      if (answer !== null) this.#names.answer(answer.name, answer.addresses)
    }
  }
}
