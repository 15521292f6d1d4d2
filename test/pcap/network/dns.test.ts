import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readDnsAnswer } from '../../../src/pcap/network/dns.js'
import { PacketView } from '../../../src/pcap/read/packet.js'
import { RAW } from '../packets.js'

function packetOf(bytes: Buffer): PacketView {
  return Object.assign(new PacketView(), {
    bytes,
    start: 0,
    end: bytes.length,
    wireLength: bytes.length,
    linkType: RAW,
  })
}

function udp(payload: Buffer, fromPort = 53): Buffer {
  const head = Buffer.alloc(28)
  head[0] = 0x45
  head.writeUInt16BE(28 + payload.length, 2)
  head[9] = 17
  head.writeUInt16BE(fromPort, 20)
  head.writeUInt16BE(8 + payload.length, 24)
  return Buffer.concat([head, payload])
}

const name = (text: string): Buffer =>
  Buffer.concat([
    ...text.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.alloc(1),
  ])

function answer(question: string, records: readonly (readonly [type: number, data: Buffer])[], flags = 0x8180): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(flags, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  const rows = records.map(([type, data]) => {
    const row = Buffer.from([0xc0, 12, type >> 8, type & 255, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255])
    return Buffer.concat([row, data])
  })
  return Buffer.concat([head, name(question), Buffer.from([0, 1, 0, 1]), ...rows])
}

const A = (...bytes: number[]) => [1, Buffer.from(bytes)] as const
const read = (payload: Buffer, port?: number) => readDnsAnswer(packetOf(udp(payload, port)))

describe("a name server's answer", () => {
  test('gives the addresses of the name that was asked for, also behind an alias', () => {
    expect(read(answer('T1.backend.example', [[5, name('lb.example')], A(10, 0, 0, 9), A(10, 0, 0, 10)]))).toEqual({
      name: 't1.backend.example',
      addresses: ['10.0.0.9', '10.0.0.10'],
    })
  })

  test.each([
    ['a question', () => read(answer('t1.example', [A(10, 0, 0, 9)], 0x0100))],
    ['a failure', () => read(answer('t1.example', [A(10, 0, 0, 9)], 0x8183))],
    ['without an address', () => read(answer('t1.example', [[16, Buffer.from('text')]]))],
    ['of another port', () => read(answer('t1.example', [A(10, 0, 0, 9)]), 5_353)],
    ['that ends in its question', () => read(answer('t1.example', []).subarray(0, 18))],
  ])('%s tells nothing', (_, result) => {
    expect(result()).toBeNull()
  })

  test('of any bytes is read or is none', () => {
    const whole = answer('t1.example', [A(10, 0, 0, 9), A(10, 0, 0, 10)])
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 10 }), fc.nat(), (changes, length) => {
        const bytes = Buffer.from(udp(whole))
        for (const [at, value] of changes) bytes[28 + (at % whole.length)] = value
        const found = readDnsAnswer(packetOf(bytes.subarray(0, length % (bytes.length + 1))))
        if (found !== null) expect(found.addresses.length).toBeGreaterThan(0)
      }),
    )
  })
})
