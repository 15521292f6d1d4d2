import type { PacketView } from '../read/packet.js'

const IPV4 = 0x0800
const IPV6 = 0x86dd
/** 802.1Q, 802.1ad (QinQ), and the types that were used before it was a standard. */
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100, 0x9200])
/** Numbers of AF_INET6: Linux, Windows, NetBSD and OpenBSD, FreeBSD, macOS. */
const IPV6_FAMILIES: ReadonlySet<number> = new Set([10, 23, 24, 28, 30])
const IPV4_FAMILY = 2

/** Link types that are understood (tcpdump.org, LINKTYPE_). */
const Link = {
  null: 0,
  ethernet: 1,
  raw12: 12,
  raw14: 14,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
}

export const isKnownLink = (linkType: number): boolean => Object.values(Link).includes(linkType)

/** Where the IP header of a packet begins; -1 where it carries none, or was cut before it. */
export function networkStart({ bytes, start, end, linkType }: PacketView): number {
  switch (linkType) {
    case Link.ethernet:
      return behindTypes(bytes, start + 12, end)
    case Link.sll:
      return behindTypes(bytes, start + 14, end)
    case Link.sll2:
      return isIp(bytes, start, end)
        ? start + 20
        : isTagged(bytes, start, end)
          ? behindTypes(bytes, start + 22, end)
          : -1
    case Link.null:
    case Link.loop:
      return start + 4 <= end && isIpFamily(bytes, start, linkType === Link.loop) ? start + 4 : -1
    case Link.raw:
    case Link.raw12:
    case Link.raw14:
    case Link.ipv4:
    case Link.ipv6:
      return start
    default:
      return -1
  }
}

const uint16 = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1]

function isIp(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 2 > end) return false
  const type = uint16(bytes, at)
  return type === IPV4 || type === IPV6
}

const isTagged = (bytes: Uint8Array, at: number, end: number): boolean =>
  at + 2 <= end && VLAN_TAGS.has(uint16(bytes, at))

/** From the type of a frame over its tags to what it carries. */
function behindTypes(bytes: Uint8Array, typeAt: number, end: number): number {
  let at = typeAt
  while (isTagged(bytes, at, end)) at += 4
  return isIp(bytes, at, end) ? at + 2 : -1
}

/** In the byte order of the machine that captured, or (LOOP) in network order; small numbers tell which one. */
function isIpFamily(bytes: Uint8Array, at: number, isNetworkOrder: boolean): boolean {
  const big = uint16(bytes, at) === 0 ? uint16(bytes, at + 2) : -1
  const little = bytes[at + 2] === 0 && bytes[at + 3] === 0 ? bytes[at] | (bytes[at + 1] << 8) : -1
  return [big, isNetworkOrder ? -1 : little].some((family) => family === IPV4_FAMILY || IPV6_FAMILIES.has(family))
}
