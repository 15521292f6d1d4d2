import { AddressBook } from '../pcap/network/address-book.js'
import { Content, dissect } from '../pcap/network/dissect.js'
import { networkStart } from '../pcap/network/link.js'
import { Segment } from '../pcap/network/segment.js'
import { CaptureDecoder, type CaptureEnd } from '../pcap/read/decoder.js'
import type { PacketView } from '../pcap/read/packet.js'
import { PcapngWriter } from './pcapng-writer.js'

/** What became of a capture. */
export interface CutCapture {
  readonly packets: number
  /** Captured bytes that were left out. */
  readonly cutBytes: number
  readonly end: CaptureEnd
}

/**
 * A capture without what was said on its connections: each packet ends behind its TCP header. Packets that are no TCP end
 * behind the fixed part of their IP header, others are left without a byte, so that numbers of packets stay. Comments, names and
 * TLS secrets that a capture may hold are not taken over.
 */
export class HeadersOnly {
  readonly #writer = new PcapngWriter()
  readonly #segment = new Segment()
  readonly #addresses = new AddressBook()
  readonly #decoder = new CaptureDecoder((packet) => this.#packet(packet))
  #cutBytes = 0

  /** False once nothing more can be read. */
  push(chunk: Uint8Array): boolean {
    return this.#decoder.push(chunk)
  }

  /** Bytes of the new file (pcapng) since the last call. */
  take(): Uint8Array {
    return this.#writer.take()
  }

  end(): CutCapture {
    return { packets: this.#decoder.packets, cutBytes: this.#cutBytes, end: this.#decoder.end() }
  }

  #packet(packet: PacketView): void {
    const end = this.#endOfHeaders(packet)
    clearUnused(packet)
    this.#cutBytes += packet.end - end
    this.#writer.write(packet, end)
  }

  #endOfHeaders(packet: PacketView): number {
    if (dissect(packet, this.#segment, this.#addresses) === Content.tcp) return this.#segment.payloadStart
    const start = networkStart(packet)
    if (start < 0 || start >= packet.end) return packet.start
    const headerBytes = packet.bytes[start] >> 4 === 6 ? 40 : 20
    return Math.min(packet.end, start + headerBytes)
  }
}

/** Where the link layer's address stands in a cooked header, and where its length does; there is room for eight bytes. */
const COOKED_ADDRESSES: Readonly<Record<number, { readonly lengthAt: number; readonly start: number }>> = {
  113: { lengthAt: 5, start: 6 },
  276: { lengthAt: 11, start: 12 },
}
const COOKED_ADDRESS_BYTES = 8

/** Bytes of a cooked header that no address fills are not cleared by whoever captures: there, pieces of other packets are found. */
function clearUnused({ bytes, start, end, linkType }: PacketView): void {
  const address = COOKED_ADDRESSES[linkType]
  if (address === undefined) return
  const from = start + address.start
  const to = Math.min(end, from + COOKED_ADDRESS_BYTES)
  const used = Math.min(COOKED_ADDRESS_BYTES, bytes[start + address.lengthAt])
  if (from + used < to) bytes.fill(0, from + used, to)
}
