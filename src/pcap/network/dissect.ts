import type { PacketView } from '../read/packet.js'
import type { AddressBook } from './address-book.js'
import { isKnownLink, networkStart } from './link.js'
import type { Segment } from './segment.js'

/** What a packet is to the analysis. All but `tcp` are only counted. */
export const Content = {
  tcp: 0,
  /** No TCP: another protocol, or TCP inside of a tunnel. */
  other: 1,
  /** A part of an IP packet; parts are not put together. */
  fragment: 2,
  /** The capture holds too few bytes of it. */
  cut: 3,
  /** Lengths that cannot be. */
  malformed: 4,
  /** Of a link layer that is not understood. */
  unknownLink: 5,
} as const

export type Content = (typeof Content)[keyof typeof Content]

const TCP = 6
const FRAGMENT = 44
const AUTHENTICATION = 51
/** Hop-by-hop, routing, destination options. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60])
const MAX_EXTENSIONS = 16

const uint16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]
const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0

/** Finds the TCP segment in a packet and fills `segment`, which is valid where the result is `Content.tcp`. */
export function dissect(packet: PacketView, segment: Segment, addresses: AddressBook): Content {
  const start = networkStart(packet)
  if (start < 0) return isKnownLink(packet.linkType) ? Content.other : Content.unknownLink
  if (start + 20 > packet.end) return Content.cut
  const version = packet.bytes[start] >> 4
  if (version === 4) return dissectIpv4(packet, start, segment)
  if (version === 6) return dissectIpv6(packet, start, segment, addresses)
  return Content.other
}

function dissectIpv4(packet: PacketView, start: number, segment: Segment): Content {
  const { bytes } = packet
  if (bytes[start + 9] !== TCP) return Content.other
  const headerLength = (bytes[start] & 15) * 4
  // Zero where the network card cuts large segments itself (TSO): then all that was on the wire.
  const totalLength = uint16(bytes, start + 2) || wireEnd(packet) - start
  if (headerLength < 20 || totalLength < headerLength) return Content.malformed
  if ((uint16(bytes, start + 6) & 0x3fff) !== 0) return Content.fragment
  segment.isIpv6 = false
  segment.source = uint32(bytes, start + 12)
  segment.destination = uint32(bytes, start + 16)
  return dissectTcp(packet, start + headerLength, start + totalLength, segment)
}

function dissectIpv6(packet: PacketView, start: number, segment: Segment, addresses: AddressBook): Content {
  const { bytes, end } = packet
  if (start + 40 > end) return Content.cut
  const payloadLength = uint16(bytes, start + 4)
  const ipEnd = payloadLength === 0 ? wireEnd(packet) : start + 40 + payloadLength
  let next = bytes[start + 6]
  let at = start + 40
  for (let count = 0; next !== TCP; count++) {
    const isFragment = next === FRAGMENT
    if (count >= MAX_EXTENSIONS || !(isFragment || next === AUTHENTICATION || EXTENSIONS.has(next)))
      return Content.other
    if (at + 8 > end) return Content.cut
    if (isFragment && (uint16(bytes, at + 2) & 0xfff9) !== 0) return Content.fragment
    const length = isFragment ? 8 : next === AUTHENTICATION ? (bytes[at + 1] + 2) * 4 : (bytes[at + 1] + 1) * 8
    next = bytes[at]
    at += length
  }
  segment.isIpv6 = true
  segment.source = addresses.number(bytes, start + 8)
  segment.destination = addresses.number(bytes, start + 24)
  if (segment.source < 0 || segment.destination < 0) return Content.other
  return dissectTcp(packet, at, ipEnd, segment)
}

function dissectTcp({ bytes, end }: PacketView, start: number, ipEnd: number, segment: Segment): Content {
  if (start + 20 > ipEnd) return Content.malformed
  if (start + 20 > end) return Content.cut
  const headerLength = (bytes[start + 12] >> 4) * 4
  const payloadStart = start + headerLength
  if (headerLength < 20 || payloadStart > ipEnd) return Content.malformed
  segment.bytes = bytes
  segment.sourcePort = uint16(bytes, start)
  segment.destinationPort = uint16(bytes, start + 2)
  segment.sequence = uint32(bytes, start + 4)
  segment.acknowledgement = uint32(bytes, start + 8)
  segment.flags = bytes[start + 13]
  segment.payloadLength = ipEnd - payloadStart
  segment.payloadStart = Math.min(payloadStart, end)
  segment.payloadEnd = Math.min(ipEnd, end)
  return Content.tcp
}

/** Where the packet would end in the buffer had it been captured whole. */
const wireEnd = ({ start, end, wireLength }: PacketView): number => Math.max(end, start + wireLength)
