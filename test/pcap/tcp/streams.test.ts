import { describe, expect, test } from '@jest/globals'
import { AddressBook } from '../../../src/pcap/network/address-book.js'
import { Content, dissect } from '../../../src/pcap/network/dissect.js'
import { Segment } from '../../../src/pcap/network/segment.js'
import { PacketView } from '../../../src/pcap/read/packet.js'
import { Streams } from '../../../src/pcap/tcp/streams.js'
import { ipv4, RAW, type SegmentInput } from '../packets.js'

const A = { ip: '10.0.0.1', port: 40_000 }
const B = { ip: '10.0.0.2', port: 80 }
const fromA = (flags: string, seq: number, ack = 0): SegmentInput => ({ from: A, to: B, seq, ack, flags })
const fromB = (flags: string, seq: number, ack = 0): SegmentInput => ({ from: B, to: A, seq, ack, flags })

function streamsOf(segments: readonly SegmentInput[], streams = new Streams()): readonly number[] {
  const packet = new PacketView()
  const segment = new Segment()
  return segments.map((input) => {
    packet.bytes = ipv4(input)
    packet.end = packet.bytes.length
    packet.linkType = RAW
    expect(dissect(packet, segment, new AddressBook())).toBe(Content.tcp)
    return streams.locate(segment)
  })
}

// What tshark 4.0 says of the same packets; `test/integration/pcap` asks it about thousands.
describe('a pair of endpoints', () => {
  test.each<[string, readonly SegmentInput[], readonly number[]]>([
    ['is one stream in both directions', [fromA('S', 100), fromB('SA', 500, 101), fromA('A', 101, 501)], [0, 0, 0]],
    ['stays one where a SYN is sent again', [fromA('S', 100), fromA('S', 100)], [0, 0]],
    ['begins another one with another SYN', [fromA('S', 100), fromA('S', 200), fromB('SA', 900, 201)], [0, 1, 1]],
    [
      'stays one where the same SYN follows a reset',
      [fromA('S', 100), fromB('RA', 0, 101), fromA('S', 100)],
      [0, 0, 0],
    ],
    ['stays one behind its close', [fromA('S', 100), fromB('RA', 0, 101), fromA('A', 5_000)], [0, 0, 0]],
    ['knows the SYN that it was seen behind', [fromA('PA', 101, 501), fromA('S', 100)], [0, 0]],
    ['begins another one where it was seen behind another SYN', [fromA('PA', 101, 501), fromA('S', 300)], [0, 1]],
    ['learns from the other side where it began', [fromB('PA', 501, 301), fromA('S', 300)], [0, 0]],
    ['learns it from the answer to a SYN', [fromB('SA', 500, 101), fromA('S', 400), fromA('A', 101, 501)], [0, 1, 1]],
  ])('%s', (_, segments, expected) => {
    expect(streamsOf(segments)).toEqual(expected)
  })
})

test('streams are remembered up to a number of pairs; those long silent would count anew', () => {
  const streams = new Streams(1_024)
  const syns = Array.from({ length: 5_000 }, (_, index) => ({
    ...fromA('S', index),
    from: { ip: A.ip, port: 10_000 + index },
  }))
  expect(streamsOf(syns, streams)).toEqual(syns.map((_, index) => index))
  expect(streamsOf(syns.slice(-1_024), streams)).toEqual(syns.slice(-1_024).map((_, index) => 3_976 + index))
  expect(streamsOf(syns.slice(0, 1), streams)).toEqual([5_000])
})
