import { advance, distance } from './sequence.js'

/** A packet of the capture, by its number in the file and its time. */
export interface Mark {
  readonly number: number
  /** Nanoseconds since the capture's base. */
  readonly timeNs: number
}

/** How one side ended its direction (FIN) or the connection (RST). */
export interface Close extends Mark {
  readonly kind: 'fin' | 'rst'
  /** What its sender had received until then; -1 where no packet tells. */
  readonly acknowledgement: number
}

/** A segment that came before one that precedes it. */
interface Held extends Mark {
  readonly sequence: number
  readonly bytes: Uint8Array
  readonly length: number
}

/** What a flow does with payload once it is in order. */
export interface FlowReceiver {
  /** `length` bytes on the wire, of which those from `start` to `end` were captured. */
  receive(bytes: Uint8Array, start: number, end: number, length: number, at: Mark, sequence: number): void
  /** Bytes that were received and are not in the capture. */
  miss(): void
}

/** All bytes that flows hold for order at one time; beyond it, what comes too early counts as missing what precedes it. */
export class HeldBytes {
  left = 32 * 1_048_576
}

const MAX_HELD_SEGMENTS = 64

/** One direction of a connection: puts its payload in order, each byte once. */
export class Flow {
  /** The next byte's sequence number; -1 before the first packet. */
  next = -1
  /** The highest sequence number that the other side has acknowledged; -1 where none. */
  acknowledged = -1
  fin: Close | null = null
  rst: Close | null = null
  /** Segments whose bytes had all been sent before. */
  retransmissions = 0
  /** Of TCP: a segment before the next byte, to see whether the other side is there. */
  keepAliveProbes = 0
  /** Payload on the wire, each byte once. */
  payloadBytes = 0
  #held: Held[] = []

  constructor(
    private readonly receiver: FlowReceiver,
    private readonly heldBytes: HeldBytes,
  ) {}

  /** The first of the two. */
  get close(): Close | null {
    if (this.fin === null || this.rst === null) return this.fin ?? this.rst
    return this.fin.number <= this.rst.number ? this.fin : this.rst
  }

  begin(sequence: number): void {
    if (this.next < 0) this.next = sequence
  }

  acknowledge(acknowledgement: number): void {
    if (this.acknowledged < 0 || distance(acknowledgement, this.acknowledged) > 0) this.acknowledged = acknowledgement
  }

  isKeepAliveProbe(sequence: number, length: number): boolean {
    return length <= 1 && this.next >= 0 && distance(sequence, this.next) === -1
  }

  add(bytes: Uint8Array, start: number, end: number, length: number, sequence: number, at: Mark): void {
    this.begin(sequence)
    const ahead = distance(sequence, this.next)
    if (ahead > 0) {
      if (!this.#isHole(sequence)) return this.#hold({ ...at, sequence, bytes: bytes.slice(start, end), length })
      this.#skipTo(sequence)
    }
    this.#deliver(bytes, start, end, length, sequence, at)
    if (this.#held.length > 0) this.#release()
  }

  /** Gives up what it holds back. */
  flush(): void {
    while (this.#held.length > 0) {
      this.#skipTo(this.#held[0].sequence)
      this.#release()
    }
  }

  #deliver(bytes: Uint8Array, start: number, end: number, length: number, sequence: number, at: Mark): void {
    const known = -distance(sequence, this.next)
    if (known >= length) {
      this.retransmissions++
      return
    }
    const from = Math.min(start + known, end)
    this.next = advance(this.next, length - known)
    this.payloadBytes += length - known
    this.receiver.receive(bytes, from, end, length - known, at, advance(sequence, known))
  }

  /** The other side has what lies before: it is not late but missing from the capture. */
  #isHole(sequence: number): boolean {
    return this.acknowledged >= 0 && distance(this.acknowledged, sequence) >= 0
  }

  #skipTo(sequence: number): void {
    this.next = sequence
    this.receiver.miss()
  }

  #hold(segment: Held): void {
    if (this.#held.some(({ sequence, length }) => sequence === segment.sequence && length >= segment.length)) return
    this.heldBytes.left -= segment.bytes.length
    this.#held.push(segment)
    this.#held.sort((a, b) => distance(a.sequence, b.sequence))
    if (this.#held.length <= MAX_HELD_SEGMENTS && this.heldBytes.left >= 0) return
    this.#skipTo(this.#held[0].sequence)
    this.#release()
  }

  #release(): void {
    while (this.#held.length > 0) {
      const [first] = this.#held
      if (distance(first.sequence, this.next) > 0) {
        if (!this.#isHole(first.sequence)) return
        this.#skipTo(first.sequence)
      }
      this.#held.shift()
      this.heldBytes.left += first.bytes.length
      this.#deliver(first.bytes, 0, first.bytes.length, first.length, first.sequence, first)
    }
  }
}
