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
  #rest: Buffer = EMPTY
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
    const skipped = this.#skipped
    this.#skipped = 0
    let bytes = this.#behind(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), skipped)
    // Most of a chunk is read where it lies: what was left of the one before is joined with its head alone.
    while (this.#rest.length > 0 && bytes.length > 0) {
      const rest = this.#rest
      const added = Math.min(bytes.length, Math.max(JOINED_BYTES, rest.length))
      const joined = Buffer.concat([rest, bytes.subarray(0, added)])
      const at = this.#read(joined)
      const isPast = at >= rest.length
      this.#rest = isPast ? EMPTY : joined.subarray(at)
      bytes = this.#behind(bytes, isPast ? at - rest.length : added)
    }
    if (bytes.length > 0) this.#rest = Buffer.from(this.#behind(bytes, this.#read(bytes)))
    return this.#end === null
  }

  end(): CaptureEnd {
    if (this.#end !== null) return this.#end
    if (this.#format === null) return { kind: 'not_a_capture' }
    return { kind: this.#rest.length > 0 || this.#skipped > 0 ? 'cut' : 'whole' }
  }

  /** The bytes from `at` on; what lies behind them is passed over when it comes. */
  #behind(bytes: Buffer, at: number): Buffer {
    this.#skipped += Math.max(0, at - bytes.length)
    return bytes.subarray(at)
  }

  /** Where the first byte lies that was not used: behind them all where it is to be passed over. */
  #read(bytes: Buffer): number {
    if (this.#end !== null) return bytes.length
    this.#format ??= this.#recognize(bytes)
    if (this.#format === null) return 0
    try {
      return this.#format.read(bytes, 0)
    } catch (error) {
      if (!(error instanceof DamagedCapture)) throw error
      this.#end = { kind: 'damaged', what: error.message }
      return bytes.length
    }
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

const EMPTY: Buffer = Buffer.alloc(0)
const JOINED_BYTES = 16_384
