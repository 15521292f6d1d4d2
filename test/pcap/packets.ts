/** Builds packets, conversations and capture files for tests. */

export interface SegmentInput {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly seq: number
  readonly ack?: number
  /** Letters of the flags: `S`, `A`, `F`, `R`, `P`. */
  readonly flags: string
  readonly payload?: string | Uint8Array
}

export interface Endpoint {
  readonly ip: string
  readonly port: number
}

const FLAGS: Readonly<Record<string, number>> = { F: 1, S: 2, R: 4, P: 8, A: 16 }

const uint32 = (value: number): number => value >>> 0

export function tcp({ from, to, seq, ack = 0, flags, payload = '' }: SegmentInput): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt16BE(from.port, 0)
  head.writeUInt16BE(to.port, 2)
  head.writeUInt32BE(uint32(seq), 4)
  head.writeUInt32BE(uint32(ack), 8)
  head[12] = 0x50
  head[13] = [...flags].reduce((bits, flag) => bits | FLAGS[flag], 0)
  head.writeUInt16BE(0xffff, 14)
  return Buffer.concat([head, typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload])
}

export function ipv4(input: SegmentInput, { options = Buffer.alloc(0), fragment = 0 } = {}): Buffer {
  const body = tcp(input)
  const head = Buffer.alloc(20)
  head[0] = 0x45 + options.length / 4
  head.writeUInt16BE(20 + options.length + body.length, 2)
  head.writeUInt16BE(fragment, 6)
  head[8] = 64
  head[9] = 6
  Buffer.from(input.from.ip.split('.').map(Number)).copy(head, 12)
  Buffer.from(input.to.ip.split('.').map(Number)).copy(head, 16)
  return Buffer.concat([head, options, body])
}

/** `extensions`: whole extension headers; the first byte of each one is filled in. */
export function ipv6(
  input: SegmentInput,
  extensions: readonly { readonly type: number; readonly bytes: Buffer }[] = [],
): Buffer {
  const body = tcp(input)
  const headers = extensions.map(({ bytes }, index) => {
    const copy = Buffer.from(bytes)
    copy[0] = extensions[index + 1]?.type ?? 6
    return copy
  })
  const payload = Buffer.concat([...headers, body])
  const head = Buffer.alloc(40)
  head[0] = 0x60
  head.writeUInt16BE(payload.length, 4)
  head[6] = extensions[0]?.type ?? 6
  head[7] = 64
  groups(input.from.ip).copy(head, 8)
  groups(input.to.ip).copy(head, 24)
  return Buffer.concat([head, payload])
}

/** Eight groups, all written. */
function groups(ip: string): Buffer {
  const buffer = Buffer.alloc(16)
  for (const [index, group] of ip.split(':').entries()) buffer.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  return buffer
}

/** An Ethernet frame; `tags` are types of VLAN tags. */
export function ethernet(packet: Buffer, tags: readonly number[] = []): Buffer {
  const type = packet[0] >> 4 === 4 ? 0x0800 : 0x86dd
  const types = Buffer.concat([
    ...tags.map((tag) => Buffer.from([tag >> 8, tag & 255, 0, 7])),
    Buffer.from([type >> 8, type & 255]),
  ])
  return Buffer.concat([Buffer.alloc(12, 2), types, packet])
}

export interface Packet {
  readonly bytes: Buffer
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint
  /** Captured bytes; all by default. */
  readonly snap?: number
}

export interface ClassicInput {
  readonly little?: boolean
  readonly nanoseconds?: boolean
  readonly linkType?: number
}

export const RAW = 101
export const ETHERNET = 1

/** A classic pcap file. */
export function classic(
  packets: readonly Packet[],
  { little = true, nanoseconds = false, linkType = RAW }: ClassicInput = {},
): Buffer {
  const { put16, put32 } = writer(little)
  const head = Buffer.concat([
    put32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    put16(2),
    put16(4),
    put32(0),
    put32(0),
    put32(262_144),
    put32(linkType),
  ])
  const records = packets.map(({ bytes, timeNs, snap = bytes.length }) => {
    const rest = timeNs % 1_000_000_000n
    return Buffer.concat([
      put32(Number(timeNs / 1_000_000_000n)),
      put32(Number(nanoseconds ? rest : rest / 1_000n)),
      put32(Math.min(snap, bytes.length)),
      put32(bytes.length),
      bytes.subarray(0, snap),
    ])
  })
  return Buffer.concat([head, ...records])
}

export function writer(little: boolean) {
  const put =
    (length: number) =>
    (value: number): Buffer => {
      const buffer = Buffer.alloc(length)
      if (little) buffer.writeUIntLE(value, 0, length)
      else buffer.writeUIntBE(value, 0, length)
      return buffer
    }
  return { put16: put(2), put32: put(4) }
}

/** Blocks of a pcapng file. */
export class Blocks {
  readonly #put16: (value: number) => Buffer
  readonly #put32: (value: number) => Buffer

  constructor(private readonly little = true) {
    const { put16, put32 } = writer(little)
    this.#put16 = put16
    this.#put32 = put32
  }

  block(type: number, body: Buffer): Buffer {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)])
    const length = this.#put32(padded.length + 12)
    return Buffer.concat([this.#put32(type), length, padded, length])
  }

  section(): Buffer {
    return this.block(
      0x0a0d0d0a,
      Buffer.concat([this.#put32(0x1a2b3c4d), this.#put16(1), this.#put16(0), Buffer.alloc(8, 0xff)]),
    )
  }

  interface(
    linkType: number,
    { resolution, offset, snap = 0 }: { resolution?: number; offset?: bigint; snap?: number } = {},
  ): Buffer {
    const options: Buffer[] = []
    if (resolution !== undefined) options.push(this.#put16(9), this.#put16(1), Buffer.from([resolution, 0, 0, 0]))
    if (offset !== undefined) {
      const value = Buffer.alloc(8)
      if (this.little) value.writeBigInt64LE(offset)
      else value.writeBigInt64BE(offset)
      options.push(this.#put16(14), this.#put16(8), value)
    }
    options.push(Buffer.alloc(4))
    return this.block(1, Buffer.concat([this.#put16(linkType), this.#put16(0), this.#put32(snap), ...options]))
  }

  enhanced(id: number, ticks: bigint, bytes: Buffer, snap = bytes.length): Buffer {
    return this.block(6, Buffer.concat([this.#put32(id), this.#packet(ticks, bytes, snap)]))
  }

  obsolete(id: number, ticks: bigint, bytes: Buffer): Buffer {
    return this.block(
      2,
      Buffer.concat([this.#put16(id), this.#put16(0xffff), this.#packet(ticks, bytes, bytes.length)]),
    )
  }

  simple(bytes: Buffer, snap = bytes.length): Buffer {
    return this.block(3, Buffer.concat([this.#put32(bytes.length), bytes.subarray(0, snap)]))
  }

  #packet(ticks: bigint, bytes: Buffer, snap: number): Buffer {
    return Buffer.concat([
      this.#put32(Number(ticks >> 32n)),
      this.#put32(Number(ticks & 0xffffffffn)),
      this.#put32(Math.min(snap, bytes.length)),
      this.#put32(bytes.length),
      bytes.subarray(0, snap),
    ])
  }
}

export const GATEWAY: Endpoint = { ip: '10.0.0.1', port: 40_000 }
export const TARGET: Endpoint = { ip: '10.0.0.9', port: 8_080 }
export const START_NS = 1_795_403_110_000_000_000n

/**
 * One connection, written packet by packet: `gateway` and `target` send a segment each, with the sequence numbers of a
 * connection in order unless they are given.
 */
export class Conversation {
  readonly packets: Packet[] = []
  #nowNs = START_NS
  #gatewayNext: number
  #targetNext: number

  constructor(
    readonly gateway: Endpoint = GATEWAY,
    readonly target: Endpoint = TARGET,
    { gatewaySeq = 1_000, targetSeq = 5_000, startNs = START_NS } = {},
  ) {
    this.#gatewayNext = gatewaySeq
    this.#targetNext = targetSeq
    this.#nowNs = startNs
  }

  after(ms: number): this {
    this.#nowNs += BigInt(Math.round(ms * 1_000_000))
    return this
  }

  fromGateway(flags: string, payload = '', { seq = this.#gatewayNext, ack = this.#targetNext } = {}): this {
    this.#send({ from: this.gateway, to: this.target, seq, ack: flags.includes('A') ? ack : 0, flags, payload })
    this.#gatewayNext = behind(this.#gatewayNext, seq, payload, flags)
    return this
  }

  fromTarget(flags: string, payload = '', { seq = this.#targetNext, ack = this.#gatewayNext } = {}): this {
    this.#send({ from: this.target, to: this.gateway, seq, ack: flags.includes('A') ? ack : 0, flags, payload })
    this.#targetNext = behind(this.#targetNext, seq, payload, flags)
    return this
  }

  get gatewaySeq(): number {
    return this.#gatewayNext
  }

  get targetSeq(): number {
    return this.#targetNext
  }

  open(): this {
    return this.fromGateway('S').after(0.1).fromTarget('SA').after(0.1).fromGateway('A').after(0.1)
  }

  exchange(path = '/orders/1', response = OK): this {
    return this.fromGateway('PA', get(path)).after(1).fromTarget('PA', response).after(0.1).fromGateway('A')
  }

  #send(input: SegmentInput): void {
    this.packets.push({ bytes: ipv4(input), timeNs: this.#nowNs })
  }
}

function behind(next: number, seq: number, payload: string, flags: string): number {
  const end = (seq + payload.length + (/[SF]/.test(flags) ? 1 : 0)) >>> 0
  return ((end - next) | 0) > 0 ? end : next
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok'
export const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: t1.backend.example:8080\r\n\r\n`
