/** A TCP segment as bounds in the packet's buffer; reused for the next one. */
export class Segment {
  bytes: Buffer = Buffer.alloc(0)
  isIpv6 = false
  /** IPv4: the address as a number. IPv6: a number that stands for it, see `AddressBook`. */
  source = 0
  destination = 0
  sourcePort = 0
  destinationPort = 0
  sequence = 0
  acknowledgement = 0
  flags = 0
  /** On the wire. */
  payloadLength = 0
  payloadStart = 0
  /** Behind the last captured byte of the payload. */
  payloadEnd = 0
}

/** Bits of `Segment.flags`. */
export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const ACK = 0x10
