import { ClassicFormat, isClassicMagic } from './classic.js'
import { DamagedCapture, type PacketHandler, PacketView } from './packet.js'
import { PcapngFormat, SECTION_HEADER } from './pcapng.js'

/**
 * How a capture ended: whole; cut in the middle of a packet; damaged, so that it could not be read on; or no capture at all.
 * In all cases the packets before were handed on.
 */
export type CaptureEnd =
  | { readonly kind: 'whole' | 'cut' | 'not_a_capture' }
  | { readonly kind: 'damaged'; readonly what: string }

/**
 * Makes packets of the bytes of a capture file, pcap or pcapng, in chunks of any size. Holds no more than one chunk and one
 * record. Pure: hands packets on while it is given bytes.
 */
export class CaptureDecoder {
  readonly #packet = new PacketView()
  #format: ClassicFormat | PcapngFormat | null = null
  #rest = Buffer.alloc(0)
  /** Bytes of a block that are still to be passed over. */
  #skipped = 0
  #end: CaptureEnd | null = null

  constructor(private readonly onPacket: PacketHandler) {}

  /** Packets so far. */
  get packets(): number {
    return this.#packet.number
  }

  /** False once nothing more can be read: the bytes that follow are ignored. */
  push(chunk: Uint8Array): boolean {
    if (this.#end !== null) return false
    const bytes = this.#join(chunk)
    if (this.#skipped > 0) return true
    this.#format ??= this.#recognize(bytes)
    if (this.#format === null) {
      this.#rest = Buffer.from(bytes)
      return this.#end === null
    }
    try {
      const at = this.#format.read(bytes, 0)
      this.#skipped = Math.max(0, at - bytes.length)
      this.#rest = Buffer.from(bytes.subarray(at))
    } catch (error) {
      if (!(error instanceof DamagedCapture)) throw error
      this.#end = { kind: 'damaged', what: error.message }
    }
    return this.#end === null
  }

  end(): CaptureEnd {
    if (this.#end !== null) return this.#end
    if (this.#format === null) return { kind: 'not_a_capture' }
    return { kind: this.#rest.length > 0 || this.#skipped > 0 ? 'cut' : 'whole' }
  }

  #join(chunk: Uint8Array): Buffer {
    const skipped = Math.min(this.#skipped, chunk.length)
    this.#skipped -= skipped
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset + skipped, chunk.length - skipped)
    return this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
  }

  #recognize(bytes: Buffer): ClassicFormat | PcapngFormat | null {
    if (bytes.length < 4) return null
    const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false)
    if (isClassicMagic(magic)) return new ClassicFormat(this.#packet, this.onPacket)
    if (magic === SECTION_HEADER) return new PcapngFormat(this.#packet, this.onPacket)
    this.#end = { kind: 'not_a_capture' }
    return null
  }
}
