/**
 * Pairs of endpoints, each with the stream that they make at the moment: a hash table in typed arrays, about 40 bytes a pair. Grows
 * up to its capacity.
 */
export class PairTable {
  size = 0
  /** The endpoint of a pair that is first in order: by address, then by port. */
  #first: Uint32Array
  #second: Uint32Array
  /** The first one's port in the upper half. */
  #ports: Uint32Array
  #isIpv6: Uint8Array
  /** Wireshark's `tcp.stream`, of the pair's last stream; -1 before its first. */
  readonly index: number[] = []
  /** The sequence number before the first byte, by direction: 0 from the first endpoint, 1 from the second. */
  readonly base: [number[], number[]] = [[], []]
  /** Number of the pair and one; 0 where there is none. */
  #slots: Int32Array

  constructor(readonly capacity: number) {
    const initial = Math.min(capacity, INITIAL_CAPACITY)
    this.#first = new Uint32Array(initial)
    this.#second = new Uint32Array(initial)
    this.#ports = new Uint32Array(initial)
    this.#isIpv6 = new Uint8Array(initial)
    this.#slots = new Int32Array(initial * 2)
  }

  /** The number of a pair; -1 where it is not here. */
  find(first: number, second: number, ports: number, isIpv6: boolean): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const family = isIpv6 ? 1 : 0
    for (let at = hash(first, second, ports) & mask; ; at = (at + 1) & mask) {
      const pair = slots[at] - 1
      if (pair < 0) return -1
      if (
        this.#ports[pair] === ports &&
        this.#first[pair] === first &&
        this.#second[pair] === second &&
        this.#isIpv6[pair] === family
      ) {
        return pair
      }
    }
  }

  /** Adds a pair that is not here; there must be room. */
  add(first: number, second: number, ports: number, isIpv6: boolean): number {
    if (this.size === this.#first.length) this.#grow()
    const pair = this.size++
    this.#first[pair] = first
    this.#second[pair] = second
    this.#ports[pair] = ports
    this.#isIpv6[pair] = isIpv6 ? 1 : 0
    this.index.push(-1)
    this.base[0].push(UNKNOWN)
    this.base[1].push(UNKNOWN)
    this.#place(pair)
    return pair
  }

  /** Adds `pair` of another table with what belongs to it. */
  take(from: PairTable, pair: number): number {
    const ports = from.#ports[pair]
    const added = this.add(from.#first[pair], from.#second[pair], ports, from.#isIpv6[pair] === 1)
    this.index[added] = from.index[pair]
    this.base[0][added] = from.base[0][pair]
    this.base[1][added] = from.base[1][pair]
    return added
  }

  #place(pair: number): void {
    const mask = this.#slots.length - 1
    let at = hash(this.#first[pair], this.#second[pair], this.#ports[pair]) & mask
    while (this.#slots[at] !== 0) at = (at + 1) & mask
    this.#slots[at] = pair + 1
  }

  #grow(): void {
    const capacity = this.#first.length * 2
    this.#first = grown(this.#first, new Uint32Array(capacity))
    this.#second = grown(this.#second, new Uint32Array(capacity))
    this.#ports = grown(this.#ports, new Uint32Array(capacity))
    this.#isIpv6 = grown(this.#isIpv6, new Uint8Array(capacity))
    this.#slots = new Int32Array(capacity * 2)
    for (let pair = 0; pair < this.size; pair++) this.#place(pair)
  }
}

/** A base that no packet has told yet. */
export const UNKNOWN = -1

/** Powers of two, so that a slot is found by a mask. */
const INITIAL_CAPACITY = 1_024

function grown<Numbers extends Uint32Array | Uint8Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}

function hash(first: number, second: number, ports: number): number {
  let mixed = Math.imul(first ^ (second << 7), 0x9e3779b1) ^ Math.imul(ports, 0x85ebca6b) ^ second
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}
