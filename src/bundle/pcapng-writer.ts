import type { PacketView } from '../pcap/read/packet.js'

const SECTION_HEADER = 0x0a0d0d0a
const BYTE_ORDER_MAGIC = 0x1a2b3c4d
const INTERFACE = 1
const ENHANCED_PACKET = 6
const OPTION_RESOLUTION = 9
const NANOSECONDS = 9
const SECTION_BYTES = 28
const INTERFACE_BYTES = 32
const PACKET_BYTES = 32

/**
 * Writes packets as pcapng (draft-ietf-opsawg-pcapng), little-endian, times in nanoseconds: one section, one interface for each
 * link type.
 */
export class PcapngWriter {
  #bytes = Buffer.allocUnsafe(65_536)
  #length = 0
  readonly #interfaces = new Map<number, number>()

  constructor() {
    this.#block(SECTION_HEADER, SECTION_BYTES, (at) => {
      this.#bytes.writeUInt32LE(BYTE_ORDER_MAGIC, at)
      this.#bytes.writeUInt16LE(1, at + 4)
      this.#bytes.writeUInt16LE(0, at + 6)
      // The section's length is not told.
      this.#bytes.fill(0xff, at + 8, at + 16)
    })
  }

  /** The bytes of a packet before `end`; its length on the wire stays. */
  write(packet: PacketView, end: number): void {
    const { start, linkType } = packet
    const id = this.#interface(linkType)
    const length = end - start
    this.#block(ENHANCED_PACKET, PACKET_BYTES + paddedLength(length), (at) => {
      const time = BigInt(packet.seconds) * 1_000_000_000n + BigInt(packet.nanoseconds)
      this.#bytes.writeUInt32LE(id, at)
      this.#bytes.writeUInt32LE(Number((time >> 32n) & 0xffff_ffffn), at + 4)
      this.#bytes.writeUInt32LE(Number(time & 0xffff_ffffn), at + 8)
      this.#bytes.writeUInt32LE(length, at + 12)
      this.#bytes.writeUInt32LE(Math.max(length, packet.wireLength), at + 16)
      packet.bytes.copy(this.#bytes, at + 20, start, end)
      this.#bytes.fill(0, at + 20 + length, at + 20 + paddedLength(length))
    })
  }

  /** All bytes since the last call, as the caller's own. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return taken
  }

  #interface(linkType: number): number {
    const known = this.#interfaces.get(linkType)
    if (known !== undefined) return known
    const id = this.#interfaces.size
    this.#interfaces.set(linkType, id)
    this.#block(INTERFACE, INTERFACE_BYTES, (at) => {
      this.#bytes.writeUInt16LE(linkType, at)
      this.#bytes.writeUInt16LE(0, at + 2)
      this.#bytes.writeUInt32LE(0, at + 4)
      this.#bytes.writeUInt16LE(OPTION_RESOLUTION, at + 8)
      this.#bytes.writeUInt16LE(1, at + 10)
      this.#bytes.writeUInt32LE(NANOSECONDS, at + 12)
      this.#bytes.writeUInt32LE(0, at + 16)
    })
    return id
  }

  /** Type and length before what `fill` writes, length behind. */
  #block(type: number, length: number, fill: (at: number) => void): void {
    this.#reserve(length)
    const at = this.#length
    this.#bytes.writeUInt32LE(type, at)
    this.#bytes.writeUInt32LE(length, at + 4)
    fill(at + 8)
    this.#bytes.writeUInt32LE(length, at + length - 4)
    this.#length += length
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#length + more, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}

const paddedLength = (length: number): number => (length + 3) & ~3
