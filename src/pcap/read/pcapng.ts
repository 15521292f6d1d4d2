import { DamagedCapture, MAX_PACKET_BYTES, type PacketHandler, type PacketView } from './packet.js'
import { DEFAULT_RESOLUTION, TickClock } from './tick-clock.js'

/** A section header's type is the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE = 1
const OBSOLETE_PACKET = 2
const SIMPLE_PACKET = 3
const ENHANCED_PACKET = 6

const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** Type and length before, length behind. */
const FRAME_BYTES = 12
/** Blocks that are read need no more; those that are passed over may be of any length. */
const MAX_BLOCK_BYTES = MAX_PACKET_BYTES + 65_536
const MAX_INTERFACES = 65_536

const OPTION_RESOLUTION = 9
const OPTION_OFFSET = 14

interface Interface {
  readonly linkType: number
  /** Bytes that are captured of a packet at most; 0: no bound. */
  readonly snapLength: number
  readonly clock: TickClock
}

/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng): several sections, each in its own byte order, several interfaces, packets of
 * all three kinds. Other blocks are passed over. A simple packet has no time; it gets that of the packet before.
 */
export class PcapngFormat {
  #little = false
  #interfaces: Interface[] = []

  constructor(
    private readonly packet: PacketView,
    private readonly onPacket: PacketHandler,
  ) {}

  /** As `ClassicFormat.read`; the result lies behind `bytes` where a block is passed over that ends there. */
  read(bytes: Buffer, from: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.packet.bytes = bytes
    let at = from
    while (bytes.length - at >= FRAME_BYTES) {
      const isSection = view.getUint32(at, false) === SECTION_HEADER
      if (isSection) this.#readByteOrder(view, at)
      const type = view.getUint32(at, this.#little)
      const length = view.getUint32(at + 4, this.#little)
      if (length < FRAME_BYTES || length % 4 !== 0) throw new DamagedCapture(`a block of ${length} bytes`)
      const isRead = isSection || READERS.has(type)
      if (isRead && length > MAX_BLOCK_BYTES) throw new DamagedCapture(`a block of ${length} bytes`)
      if (isRead && at + length > bytes.length) break
      if (isSection) this.#interfaces = []
      else if (isRead) this.#readBlock(type, view, at + 8, at + length - 4)
      at += length
    }
    return at
  }

  #readByteOrder(view: DataView, at: number): void {
    if (view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) this.#little = false
    else if (view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) this.#little = true
    else throw new DamagedCapture('a section without a byte order')
  }

  #readBlock(type: number, view: DataView, start: number, end: number): void {
    if (type === INTERFACE) this.#readInterface(view, start, end)
    else if (type === ENHANCED_PACKET) this.#readPacket(view, start, end, true)
    else if (type === OBSOLETE_PACKET) this.#readPacket(view, start, end, false)
    else this.#readSimplePacket(view, start, end)
  }

  #readInterface(view: DataView, start: number, end: number): void {
    if (end - start < 8 || this.#interfaces.length >= MAX_INTERFACES) throw new DamagedCapture('an interface')
    let resolution = DEFAULT_RESOLUTION
    let offsetSeconds = 0
    let at = start + 8
    while (end - at >= 4) {
      const code = view.getUint16(at, this.#little)
      const length = view.getUint16(at + 2, this.#little)
      if (code === 0 || at + 4 + length > end) break
      if (code === OPTION_RESOLUTION && length === 1) resolution = view.getUint8(at + 4)
      if (code === OPTION_OFFSET && length === 8) offsetSeconds = Number(view.getBigInt64(at + 4, this.#little))
      at += 4 + length + ((4 - (length % 4)) % 4)
    }
    this.#interfaces.push({
      linkType: view.getUint16(start, this.#little),
      snapLength: view.getUint32(start + 4, this.#little),
      clock: new TickClock(resolution, offsetSeconds),
    })
  }

  #readPacket(view: DataView, start: number, end: number, isEnhanced: boolean): void {
    if (end - start < 20) throw new DamagedCapture('a packet without its head')
    const little = this.#little
    const id = isEnhanced ? view.getUint32(start, little) : view.getUint16(start, little)
    const capturedLength = view.getUint32(start + 12, little)
    const { linkType, clock } = this.#interface(id)
    clock.read(view.getUint32(start + 4, little), view.getUint32(start + 8, little))
    this.packet.seconds = clock.seconds
    this.packet.nanoseconds = clock.nanoseconds
    this.packet.wireLength = view.getUint32(start + 16, little)
    this.#hand(linkType, start + 20, capturedLength, end)
  }

  #readSimplePacket(view: DataView, start: number, end: number): void {
    if (end - start < 4) throw new DamagedCapture('a packet without its head')
    const { linkType, snapLength } = this.#interface(0)
    const wireLength = view.getUint32(start, this.#little)
    this.packet.wireLength = wireLength
    const bound = snapLength === 0 ? wireLength : Math.min(wireLength, snapLength)
    this.#hand(linkType, start + 4, Math.min(bound, end - start - 4), end)
  }

  #interface(id: number): Interface {
    const found = this.#interfaces[id]
    if (found === undefined) throw new DamagedCapture(`a packet of interface ${id}, which was not described`)
    return found
  }

  #hand(linkType: number, start: number, capturedLength: number, end: number): void {
    if (start + capturedLength > end) throw new DamagedCapture(`a packet of ${capturedLength} bytes in a smaller block`)
    const packet = this.packet
    packet.linkType = linkType
    packet.start = start
    packet.end = start + capturedLength
    packet.number++
    this.onPacket(packet)
  }
}

const READERS: ReadonlySet<number> = new Set([INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET])
