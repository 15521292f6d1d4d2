import { DamagedCapture, MAX_PACKET_BYTES, type PacketHandler, type PacketView } from './packet.js'

const FILE_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 16

/** Of the four first bytes, read as big-endian. */
const MAGICS: Readonly<Record<number, { readonly little: boolean; readonly nanosecondsPerTick: number }>> = {
  2712847316: { little: false, nanosecondsPerTick: 1_000 },
  3569595041: { little: true, nanosecondsPerTick: 1_000 },
  2712812621: { little: false, nanosecondsPerTick: 1 },
  1295823521: { little: true, nanosecondsPerTick: 1 },
}

export const isClassicMagic = (magic: number): boolean => magic in MAGICS

/**
 * Records of a classic pcap file (pcap-savefile(5)): both byte orders, micro- and nanoseconds.
 */
export class ClassicFormat {
  #little = false
  #nanosecondsPerTick = 1_000
  #linkType = -1

  constructor(
    private readonly packet: PacketView,
    private readonly onPacket: PacketHandler,
  ) {}

  /** Reads all whole records from `at` on; where the first byte lies that was not used. Throws `DamagedCapture`. */
  read(bytes: Buffer, from: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = from
    if (this.#linkType < 0) {
      if (bytes.length - at < FILE_HEADER_BYTES) return at
      this.#readFileHeader(view, at)
      at += FILE_HEADER_BYTES
    }
    const little = this.#little
    const packet = this.packet
    packet.bytes = bytes
    packet.linkType = this.#linkType
    while (bytes.length - at >= RECORD_HEADER_BYTES) {
      const capturedLength = view.getUint32(at + 8, little)
      if (capturedLength > MAX_PACKET_BYTES) throw new DamagedCapture(`a packet of ${capturedLength} bytes`)
      const end = at + RECORD_HEADER_BYTES + capturedLength
      if (end > bytes.length) break
      packet.seconds = view.getUint32(at, little)
      packet.nanoseconds = view.getUint32(at + 4, little) * this.#nanosecondsPerTick
      packet.wireLength = view.getUint32(at + 12, little)
      packet.start = at + RECORD_HEADER_BYTES
      packet.end = end
      packet.number++
      this.onPacket(packet)
      at = end
    }
    return at
  }

  #readFileHeader(view: DataView, at: number): void {
    const { little, nanosecondsPerTick } = MAGICS[view.getUint32(at, false)]
    this.#little = little
    this.#nanosecondsPerTick = nanosecondsPerTick
    // The upper half holds the length of a checksum behind each frame.
    this.#linkType = view.getUint32(at + 20, little) & 0xffff
  }
}
