/**
 * One captured packet as bounds in a buffer. The object is reused and its bytes may be overwritten: valid inside the handler's
 * call only.
 */
export class PacketView {
  bytes: Buffer = Buffer.alloc(0)
  /** First captured byte. */
  start = 0
  /** Behind the last captured byte. */
  end = 0
  /** Bytes that the packet had on the wire; more than were captured where the capture cuts packets (snaplen). */
  wireLength = 0
  /** LINKTYPE_ of tcpdump.org. */
  linkType = 0
  /** As Wireshark's `frame.number`: from 1 on, in the order of the file. */
  number = 0
  /** Since 1970, UTC. */
  seconds = 0
  /** Within the second. */
  nanoseconds = 0
}

export type PacketHandler = (packet: PacketView) => void

/** More than any capture program writes of one packet (262,144); a greater length is a sign of damage. */
export const MAX_PACKET_BYTES = 1_048_576

/** The file does not go on as its format says; what came before was read. */
export class DamagedCapture extends Error {}
