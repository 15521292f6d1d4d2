import { describe, expect, test } from '@jest/globals'
import { AddressBook } from '../../../src/pcap/network/address-book.js'
import { Content, dissect } from '../../../src/pcap/network/dissect.js'
import { Segment } from '../../../src/pcap/network/segment.js'
import { CaptureDecoder } from '../../../src/pcap/read/decoder.js'
import { Streams } from '../../../src/pcap/tcp/streams.js'
import { analyze } from '../../pcap/analyze.js'
import { bytesOf, CAPTURES } from '../../pcap/corpus.js'
import { classic, ipv4, type Packet, START_NS } from '../../pcap/packets.js'
import { type TsharkPacket, tshark } from './tshark.js'

/** The same of each packet as tshark says. */
function packetsOf(bytes: Uint8Array): readonly TsharkPacket[] {
  const packets: TsharkPacket[] = []
  const segment = new Segment()
  const addresses = new AddressBook()
  const streams = new Streams()
  let firstNs: bigint | null = null
  const decoder = new CaptureDecoder((packet) => {
    const timeNs = BigInt(packet.seconds) * 1_000_000_000n + BigInt(packet.nanoseconds)
    firstNs ??= timeNs
    if (dissect(packet, segment, addresses) !== Content.tcp) return
    packets.push({
      number: packet.number,
      stream: streams.locate(segment),
      flags: segment.flags,
      relativeNs: Number(timeNs - firstNs),
      payloadLength: segment.payloadLength,
    })
  })
  decoder.push(bytes)
  return packets
}

describe('tshark agrees on stream, flags, time and length of every packet', () => {
  test.each(CAPTURES.map((capture) => [capture.name, capture] as const))('of %s', (_, capture) => {
    const bytes = bytesOf(capture)
    const expected = tshark(bytes)
    expect(expected.length).toBeGreaterThan(800)
    expect(packetsOf(bytes)).toEqual(expected)
  })

  test('of connections that reuse ports, begin in the middle, repeat and mix their SYNs', () => {
    const { bytes, count } = randomSegments(20_000)
    const expected = tshark(bytes)
    expect(expected).toHaveLength(count)
    expect(new Set(expected.map(({ stream }) => stream)).size).toBeGreaterThan(500)
    expect(packetsOf(bytes)).toEqual(expected)
  })
})

describe('the filters', () => {
  const capture = CAPTURES.find(({ name }) => name.endsWith('gwside-raw.pcap'))
  if (capture === undefined) throw new Error('the capture is gone')
  const bytes = bytesOf(capture)
  const races = analyze(bytes).connections.filter(({ cause }) => cause === 'keepalive_race')

  test('of a connection give its packets, and those that matter', () => {
    const { index, filter, packets, packets_filter: packetsFilter } = races[0]
    const ofStream = tshark(bytes, filter)
    expect(new Set(ofStream.map(({ stream }) => stream))).toEqual(new Set([index]))
    expect(tshark(bytes, packetsFilter ?? '').map(({ number }) => number)).toEqual(packets)
    expect(ofStream.map(({ number }) => number)).toEqual(expect.arrayContaining([...packets]))
  })
})

/** Few addresses, ports and sequence numbers, so that everything meets everything; the same on each run. */
function randomSegments(count: number): { readonly bytes: Buffer; readonly count: number } {
  let state = 1
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >>> 8) % below
  }
  const endpoints = Array.from({ length: 24 }, (_, index) => ({
    ip: `10.0.0.${1 + (index % 3)}`,
    port: 8_000 + index * 40,
  }))
  const flags = ['S', 'S', 'SA', 'A', 'A', 'PA', 'FA', 'R', 'RA', 'SF']
  const packets: Packet[] = Array.from({ length: count }, (_, index) => {
    const from = endpoints[random(endpoints.length)]
    const others = endpoints.filter((endpoint) => endpoint !== from)
    const letters = flags[random(flags.length)]
    const seq = [100, 101, 4_294_967_295, 5_000][random(4)]
    const payload = letters === 'PA' ? 'x'.repeat(random(5)) : ''
    const bytes = ipv4({
      from,
      to: others[random(others.length)],
      seq,
      ack: [0, 101, 5_001][random(3)],
      flags: letters,
      payload,
    })
    return { bytes, timeNs: START_NS + BigInt(index) * 1_000_000n }
  })
  return { bytes: classic(packets), count }
}
