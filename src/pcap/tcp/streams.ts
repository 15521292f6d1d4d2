import { ACK, type Segment, SYN } from '../network/segment.js'
import { PairTable, UNKNOWN } from './pair-table.js'
import { advance } from './sequence.js'

/** Which way a segment goes: 0 from the endpoint that is first in order, 1 from the other one. */
export type Direction = 0 | 1

/**
 * Tells which stream a segment belongs to, counted as Wireshark's `tcp.stream` counts: by pairs of endpoints in the order of their
 * first packet; a SYN whose sequence number is not the one that its side began with begins another stream of the pair.
 *
 * The least recent pairs are forgotten where there are too many (`capacity` and up to twice as many are remembered): they would
 * count anew.
 */
export class Streams {
  #current: PairTable
  #previous: PairTable
  /** Streams so far. */
  count = 0

  /** Of the last segment that was located. */
  direction: Direction = 0

  /** `capacity`: a power of two. */
  constructor(private readonly capacity = 262_144) {
    this.#current = new PairTable(capacity)
    this.#previous = new PairTable(capacity)
  }

  /** The number of the segment's stream; a new one's is what `count` was before. */
  locate(segment: Segment): number {
    const { source, destination, sourcePort, destinationPort, sequence, flags, isIpv6 } = segment
    const isFirst = source < destination || (source === destination && sourcePort <= destinationPort)
    const pair = isFirst
      ? this.#find(source, destination, ((sourcePort << 16) | destinationPort) >>> 0, isIpv6)
      : this.#find(destination, source, ((destinationPort << 16) | sourcePort) >>> 0, isIpv6)
    this.direction = isFirst ? 0 : 1
    const { index, base } = this.#current
    const own = base[this.direction]
    const isSyn = (flags & (SYN | ACK)) === SYN
    if (index[pair] < 0 || (isSyn && own[pair] !== UNKNOWN && own[pair] !== sequence)) {
      index[pair] = this.count++
      base[0][pair] = UNKNOWN
      base[1][pair] = UNKNOWN
    }
    learnBases(own, base[1 - this.direction], pair, segment)
    return index[pair]
  }

  #find(first: number, second: number, ports: number, isIpv6: boolean): number {
    const found = this.#current.find(first, second, ports, isIpv6)
    if (found >= 0) return found
    const previous = this.#previous
    if (this.#current.size >= this.capacity) {
      this.#previous = this.#current
      this.#current = new PairTable(this.capacity)
    }
    const remembered = previous.find(first, second, ports, isIpv6)
    return remembered >= 0 ? this.#current.take(previous, remembered) : this.#current.add(first, second, ports, isIpv6)
  }
}

/** A side's first packet tells its base, and of the other side what it acknowledges; the answer to a SYN tells it in any case. */
function learnBases(own: number[], other: number[], pair: number, { sequence, acknowledgement, flags }: Segment): void {
  const isSyn = (flags & SYN) !== 0
  const isAck = (flags & ACK) !== 0
  if (own[pair] === UNKNOWN || (isSyn && isAck)) own[pair] = isSyn ? sequence : advance(sequence, -1)
  if (isAck && other[pair] === UNKNOWN) other[pair] = advance(acknowledgement, -1)
}
