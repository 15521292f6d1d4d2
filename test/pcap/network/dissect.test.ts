import { describe, expect, test } from '@jest/globals'
import { analyze } from '../analyze.js'
import { classic, ETHERNET, ethernet, get, ipv4, ipv6, RAW, type SegmentInput, START_NS } from '../packets.js'

const segment: SegmentInput = {
  from: { ip: '10.0.0.1', port: 40_000 },
  to: { ip: '10.0.0.9', port: 8_080 },
  seq: 1_000,
  ack: 5_000,
  flags: 'PA',
  payload: get('/orders/1'),
}
const v6: SegmentInput = {
  ...segment,
  from: { ip: '2001:db8:0:0:0:0:0:1', port: 40_000 },
  to: { ip: 'fe80:0:0:1:0:0:0:9', port: 8_080 },
}

const read = (bytes: Buffer, linkType: number) => analyze(classic([{ bytes, timeNs: START_NS }], { linkType }))

const EXPECTED = {
  client: '10.0.0.1:40000',
  target: '10.0.0.9:8080',
  requests: 1,
  request: { method: 'GET', path: '/orders/1' },
}
const EXPECTED_V6 = { ...EXPECTED, client: '[2001:db8::1]:40000', target: '[fe80:0:0:1::9]:8080' }

const cooked = (packet: Buffer, type: number): Buffer =>
  Buffer.concat([Buffer.alloc(14), Buffer.from([type >> 8, type & 255]), packet])
const cooked2 = (packet: Buffer, type: number): Buffer =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), Buffer.alloc(18), packet])
const family = (number: number, little: boolean): Buffer => Buffer.from(little ? [number, 0, 0, 0] : [0, 0, 0, number])

describe('a request is found', () => {
  test.each<[string, Buffer, number]>([
    ['in Ethernet', ethernet(ipv4(segment)), ETHERNET],
    ['behind a VLAN tag', ethernet(ipv4(segment), [0x8100]), ETHERNET],
    ['behind two VLAN tags (QinQ)', ethernet(ipv4(segment), [0x88a8, 0x8100]), ETHERNET],
    ['in raw IP (LINKTYPE_RAW)', ipv4(segment), RAW],
    ['in raw IP (12)', ipv4(segment), 12],
    ['in raw IP (14)', ipv4(segment), 14],
    ['in raw IPv4', ipv4(segment), 228],
    ['in BSD loopback, little-endian', Buffer.concat([family(2, true), ipv4(segment)]), 0],
    ['in BSD loopback, big-endian', Buffer.concat([family(2, false), ipv4(segment)]), 0],
    ['in OpenBSD loopback', Buffer.concat([family(2, false), ipv4(segment)]), 108],
    ['in a Linux cooked capture', cooked(ipv4(segment), 0x0800), 113],
    [
      'in a Linux cooked capture, behind a VLAN tag',
      cooked(Buffer.concat([Buffer.from([0, 7, 8, 0]), ipv4(segment)]), 0x8100),
      113,
    ],
    ['in a Linux cooked capture of version 2', cooked2(ipv4(segment), 0x0800), 276],
    ['behind IPv4 options', ipv4(segment, { options: Buffer.alloc(8, 1) }), RAW],
    [
      'in a frame that is filled up to its least length',
      Buffer.concat([ethernet(ipv4(segment)), Buffer.alloc(12)]),
      ETHERNET,
    ],
  ])('%s', (_, bytes, linkType) => {
    expect(read(bytes, linkType).connections).toMatchObject([EXPECTED])
  })

  test.each<[string, Buffer, number]>([
    ['in Ethernet', ethernet(ipv6(v6)), ETHERNET],
    ['in raw IP', ipv6(v6), 229],
    ['in FreeBSD loopback', Buffer.concat([family(28, true), ipv6(v6)]), 0],
    ['in a Linux cooked capture of version 2', cooked2(ipv6(v6), 0x86dd), 276],
    [
      'behind extension headers',
      ipv6(v6, [
        { type: 0, bytes: Buffer.alloc(8) },
        { type: 43, bytes: Buffer.alloc(8) },
        { type: 60, bytes: Buffer.from([0, 1, ...Buffer.alloc(14)]) },
      ]),
      RAW,
    ],
    ['behind the head of a fragment that is the whole packet', ipv6(v6, [{ type: 44, bytes: Buffer.alloc(8) }]), RAW],
    ['behind an authentication header', ipv6(v6, [{ type: 51, bytes: Buffer.from([0, 4, ...Buffer.alloc(22)]) }]), RAW],
  ])('over IPv6 %s', (_, bytes, linkType) => {
    expect(read(bytes, linkType).connections).toMatchObject([EXPECTED_V6])
  })

  test('where the packet is longer than its IP header can say (segmentation by the network card)', () => {
    const bytes = ipv4(segment)
    bytes.writeUInt16BE(0, 2)
    expect(read(bytes, RAW).connections).toMatchObject([EXPECTED])
  })
})

describe('a packet is counted and not looked at', () => {
  const icmp = ipv4(segment)
  icmp[9] = 1
  const shortHead = ipv4(segment)
  shortHead[20 + 12] = 0x10
  test.each<[string, Buffer, number, string]>([
    ['of another protocol', icmp, RAW, 'other'],
    [
      'of another network protocol',
      Buffer.concat([Buffer.alloc(12), Buffer.from([8, 6]), Buffer.alloc(28)]),
      ETHERNET,
      'other',
    ],
    ['that is the first fragment', ipv4(segment, { fragment: 0x2000 }), RAW, 'fragment'],
    ['that is a later fragment', ipv4(segment, { fragment: 0x00b9 }), RAW, 'fragment'],
    [
      'that is a fragment of IPv6',
      ipv6(v6, [{ type: 44, bytes: Buffer.from([0, 0, 0, 1, 0, 0, 0, 0]) }]),
      RAW,
      'fragment',
    ],
    ['whose TCP header is cut', ipv4(segment).subarray(0, 30), RAW, 'cut'],
    ['whose TCP header is too short', shortHead, RAW, 'malformed'],
    ['of an unknown link type', ipv4(segment), 147, 'unknownLink'],
  ])('%s', (_, bytes, linkType, content) => {
    const { result } = read(bytes, linkType)
    expect(result.contents).toMatchObject({ [content]: 1, tcp: 0 })
    expect(result.streams).toBe(0)
  })
})
