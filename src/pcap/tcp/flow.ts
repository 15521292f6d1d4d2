import { advance, distance } from './sequence.js'
import type { Direction } from './streams.js'

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
  readonly bytes: Buffer
  readonly length: number
}

/** What becomes of payload once it is in order. */
export interface FlowReceiver {
  /** `length` bytes on the wire, of which those from `start` to `end` were captured. */
  receive(flow: Flow, bytes: Buffer, start: number, end: number, length: number, at: Mark): void
  /** Bytes that were received and are not in the capture; `at` is the packet behind them. */
  miss(flow: Flow, at: Mark): void
}

/** How many bytes all flows may still hold until what precedes them comes; beyond it, that counts as missing. */
export class HeldBytes {
  left = 32 * 1_048_576
}

const MAX_HELD_SEGMENTS = 64
const NONE: readonly Held[] = []

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
  #held: readonly Held[] = NONE

  constructor(
    readonly direction: Direction,
    private readonly receiver: FlowReceiver,
    private readonly heldBytes: HeldBytes,
  ) {}

  /** Sequence number of the first byte that was received last. */
  sequence = 0

  begin(sequence: number): void {
    if (this.next < 0) this.next = sequence
  }

  acknowledge(acknowledgement: number): void {
    if (this.acknowledged < 0 || distance(acknowledgement, this.acknowledged) > 0) this.acknowledged = acknowledgement
  }

  isKeepAliveProbe(sequence: number, length: number): boolean {
    return length <= 1 && this.next >= 0 && distance(sequence, this.next) === -1
  }

  add(bytes: Buffer, start: number, end: number, length: number, sequence: number, at: Mark): void {
    this.begin(sequence)
    if (distance(sequence, this.next) > 0) {
      if (!this.#isHole(sequence)) {
        this.#hold({
          number: at.number,
          timeNs: at.timeNs,
          sequence,
          bytes: Buffer.from(bytes.subarray(start, end)),
          length,
        })
        return
      }
      this.#skipTo(sequence, at)
    }
    this.#deliver(bytes, start, end, length, sequence, at)
    if (this.#held.length > 0) this.#release()
  }

  /** Gives up what it holds back. */
  flush(): void {
    while (this.#held.length > 0) {
      this.#skipTo(this.#held[0].sequence, this.#held[0])
      this.#release()
    }
  }

  #deliver(bytes: Buffer, start: number, end: number, length: number, sequence: number, at: Mark): void {
    const known = -distance(sequence, this.next)
    if (known >= length) {
      this.retransmissions++
      return
    }
    this.sequence = advance(sequence, known)
    this.next = advance(sequence, length)
    this.receiver.receive(this, bytes, Math.min(start + known, end), end, length - known, at)
  }

  /** The other side has what lies before: it is not late but missing from the capture. */
  #isHole(sequence: number): boolean {
    return this.acknowledged >= 0 && distance(this.acknowledged, sequence) >= 0
  }

  #skipTo(sequence: number, at: Mark): void {
    this.sequence = this.next
    this.next = sequence
    this.receiver.miss(this, at)
  }

  #hold(segment: Held): void {
    const before = this.#held
    if (before.some(({ sequence, length }) => sequence === segment.sequence && length >= segment.length)) return
    this.heldBytes.left -= segment.bytes.length
    this.#held = [...before, segment].sort((a, b) => distance(a.sequence, b.sequence))
    if (this.#held.length <= MAX_HELD_SEGMENTS && this.heldBytes.left >= 0) return
    this.#skipTo(this.#held[0].sequence, this.#held[0])
    this.#release()
  }

  #release(): void {
    while (this.#held.length > 0) {
      const [first] = this.#held
      if (distance(first.sequence, this.next) > 0) {
        if (!this.#isHole(first.sequence)) return
        this.#skipTo(first.sequence, first)
      }
      this.#held = this.#held.length === 1 ? NONE : this.#held.slice(1)
      this.heldBytes.left += first.bytes.length
      this.#deliver(first.bytes, 0, first.bytes.length, first.length, first.sequence, first)
    }
  }
}
