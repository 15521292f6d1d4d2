/**
 * Times of one interface in a pcapng file: 64-bit counts of ticks since 1970. `if_tsresol`: a power of ten, or with its
 * highest bit set a power of two, by which a second is divided. `if_tsoffset`: seconds to add.
 */
export class TickClock {
  readonly #ticksPerSecond: number
  readonly #isFine: boolean

  constructor(
    resolution: number,
    private readonly offsetSeconds: number,
  ) {
    this.#ticksPerSecond = (resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f)
    this.#isFine = this.#ticksPerSecond > 1_000_000_000
  }

  seconds = 0
  nanoseconds = 0

  /** Sets `seconds` and `nanoseconds`, exact to the nanosecond. */
  read(high: number, low: number): void {
    if (this.#isFine) this.#readFine(high, low)
    else this.#readCoarse(high, low)
    this.seconds += this.offsetSeconds
  }

  /** The quotient is right within one; the remainder, and with it the error, fits into the lower 32 bits. */
  #readCoarse(high: number, low: number): void {
    const perSecond = this.#ticksPerSecond
    let seconds = Math.floor((high * 0x1_0000_0000 + low) / perSecond)
    let ticks = (low - Math.imul(seconds, perSecond)) | 0
    if (ticks < 0) {
      seconds--
      ticks += perSecond
    } else if (ticks >= perSecond) {
      seconds++
      ticks -= perSecond
    }
    this.seconds = seconds
    this.nanoseconds = Math.floor((ticks * 1_000_000_000) / perSecond)
  }

  #readFine(high: number, low: number): void {
    const perSecond = BigInt(this.#ticksPerSecond)
    const ticks = (BigInt(high) << 32n) | BigInt(low)
    this.seconds = Number(ticks / perSecond)
    this.nanoseconds = Number(((ticks % perSecond) * 1_000_000_000n) / perSecond)
  }
}

/** Where an interface names no resolution: microseconds. */
export const DEFAULT_RESOLUTION = 6
