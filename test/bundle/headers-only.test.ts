import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { HeadersOnly } from '../../src/bundle/headers-only.js'
import { AddressBook } from '../../src/pcap/network/address-book.js'
import { Content, dissect } from '../../src/pcap/network/dissect.js'
import { Segment } from '../../src/pcap/network/segment.js'
import { CaptureDecoder } from '../../src/pcap/read/decoder.js'
import { bytesOf, CAPTURES } from '../pcap/corpus.js'
import { Blocks, classic, ETHERNET, ethernet, ipv4, ipv6, RAW, START_NS } from '../pcap/packets.js'

const CANARY = 'canary-7f3a9'
const FROM = { ip: '10.0.0.1', port: 40_000 }
const TO = { ip: '10.0.0.9', port: 8080 }
const REQUEST = { from: FROM, to: TO, seq: 1, ack: 1, flags: 'PA', payload: `GET /?key=${CANARY} HTTP/1.1\r\n\r\n` }

function cut(bytes: Uint8Array, chunkBytes = bytes.length) {
  const headers = new HeadersOnly()
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    headers.push(bytes.slice(at, at + chunkBytes))
    pieces.push(headers.take())
  }
  return { bytes: Buffer.concat(pieces), ...headers.end() }
}

/** All that a capture tells of its packets but for what was sent. */
function packetsOf(bytes: Uint8Array) {
  const packets: object[] = []
  const segment = new Segment()
  const addresses = new AddressBook()
  const decoder = new CaptureDecoder((packet) => {
    const { number, seconds, nanoseconds, wireLength, linkType } = packet
    const content = dissect(packet, segment, addresses)
    const { source, destination, sourcePort, destinationPort, sequence, acknowledgement, flags, payloadLength } =
      segment
    const endpoints = [source, sourcePort, destination, destinationPort]
    const told = { endpoints, sequence, acknowledgement, flags, payloadLength }
    packets.push({ number, seconds, nanoseconds, wireLength, linkType, content, ...(content === Content.tcp && told) })
  })
  decoder.push(bytes)
  return { packets, end: decoder.end().kind }
}

describe('a capture of headers alone', () => {
  test.each(CAPTURES.map((capture) => [capture.name, capture] as const))('tells the same of %s', (_, capture) => {
    const whole = bytesOf(capture)
    const { bytes, packets, cutBytes, end } = cut(whole, 65_536)
    expect(packetsOf(bytes)).toEqual({ packets: packetsOf(whole).packets, end: 'whole' })
    expect([packets > 800, cutBytes > 0, end.kind]).toEqual([true, true, 'whole'])
    expect(bytes.includes('HTTP/1.1')).toBe(false)
  })

  const udp = Buffer.concat([ipv4({ ...REQUEST, payload: '' }).subarray(0, 20), Buffer.alloc(8), Buffer.from(CANARY)])
  udp[9] = 17
  const fragment = ipv4(REQUEST, { fragment: 3 })
  test.each([
    ['TCP', ipv4(REQUEST), 40],
    [
      'TCP over IPv6',
      ipv6({ ...REQUEST, from: { ip: '1:2:3:4:5:6:7:8', port: 1 }, to: { ip: '1:2:3:4:5:6:7:9', port: 2 } }),
      60,
    ],
    ['TCP behind options of IP', ipv4(REQUEST, { options: Buffer.alloc(8, 1) }), 48],
    ['another protocol', udp, 20],
    ['a fragment', fragment, 20],
    ['no IP', Buffer.concat([Buffer.from([0]), Buffer.from(CANARY.repeat(9))]), 20],
  ])('holds nothing of what was sent in %s', (_, packet, kept) => {
    const { bytes } = cut(classic([{ bytes: packet, timeNs: START_NS }]))
    expect(bytes.includes(CANARY.slice(0, 6))).toBe(kept === 20 && packet[0] === 0)
    const lengths: number[] = []
    new CaptureDecoder(({ start, end, wireLength }) => lengths.push(end - start, wireLength)).push(bytes)
    expect(lengths).toEqual([kept, packet.length])
  })

  test('holds no bytes of a frame that is no IP, nor padding behind a packet', () => {
    const padded = Buffer.concat([ethernet(ipv4({ ...REQUEST, payload: '' })), Buffer.from(CANARY)])
    const arp = Buffer.concat([Buffer.alloc(12, 2), Buffer.from([0x08, 0x06]), Buffer.from(CANARY)])
    const packets = [padded, arp].map((bytes) => ({ bytes, timeNs: START_NS }))
    const { bytes } = cut(classic(packets, { linkType: ETHERNET }))
    expect(bytes.includes(CANARY)).toBe(false)
    expect(packetsOf(bytes).packets).toMatchObject([{ content: Content.tcp }, { wireLength: arp.length }])
  })

  test('holds nothing that was left over in a cooked header', () => {
    for (const [linkType, addressAt, lengthAt, ethertypeAt] of [
      [113, 6, 5, 14],
      [276, 12, 11, 0],
    ]) {
      const head = Buffer.alloc(linkType === 113 ? 16 : 20)
      head.write('abcdefgh', addressAt)
      head[lengthAt] = 3
      head.writeUInt16BE(0x0800, ethertypeAt)
      const { bytes } = cut(classic([{ bytes: Buffer.concat([head, ipv4(REQUEST)]), timeNs: START_NS }], { linkType }))
      expect([bytes.includes('abc'), bytes.includes('abcd')]).toEqual([true, false])
    }
  })

  test('takes over neither comments nor TLS secrets, and keeps the times of each interface', () => {
    const blocks = new Blocks()
    const secrets = blocks.block(10, Buffer.from(`CLIENT_RANDOM ${CANARY}`))
    const nanoseconds = blocks.enhanced(0, START_NS, ipv4(REQUEST))
    const milliseconds = blocks.enhanced(1, START_NS / 1_000_000n, ethernet(ipv4(REQUEST)))
    const interfaces = [blocks.interface(RAW, { resolution: 9 }), blocks.interface(ETHERNET, { resolution: 3 })]
    const whole = Buffer.concat([blocks.section(), secrets, ...interfaces, nanoseconds, milliseconds])
    const { bytes } = cut(whole)
    expect(bytes.includes(CANARY)).toBe(false)
    expect(packetsOf(bytes).packets).toEqual(packetsOf(whole).packets)
  })

  test('says of a capture that it is cut', () => {
    const whole = classic([{ bytes: ipv4(REQUEST), timeNs: START_NS }])
    expect(cut(whole.subarray(0, -1)).end.kind).toBe('cut')
  })

  test('is whole, however broken the packets are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 120 })),
        fc.constantFrom(0, 1, 101, 113, 276, 9999),
        (all, linkType) => {
          const packets = all.map((bytes) => ({ bytes: Buffer.from(bytes), timeNs: START_NS }))
          const { bytes } = cut(classic(packets, { linkType }))
          const read = packetsOf(bytes)
          expect([read.end, read.packets.length]).toEqual(['whole', all.length])
        },
      ),
    )
  })
})
