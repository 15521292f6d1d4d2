import type { FailureDocument } from '../records.js'
import { isReset } from './cause.js'
import { BINS, binOf, startOf } from './idle-times.js'

/** What the resets of one target have in common, where single ones tell nothing. */
export interface Population {
  readonly resets: number
  /** Those with code EPIPE: a write to a connection that the target had closed. */
  readonly epipe: number
  /** Those with message `read ECONNRESET`: the target's reset came while its answer was awaited. */
  readonly read: number
  /** Milliseconds from the start of the request to its failure; null where no line tells. */
  readonly elapsedMedianMs: number | null
  readonly elapsedP90Ms: number | null
}

/** Targets are configured, so few. Of further ones nothing is told. */
const MAX_TARGETS = 1_000

/** Resets of which no line says what connection they took, by target; also where the target is unknown. */
export class Populations {
  readonly #byTarget = new Map<string | null, Counts>()

  add({ error, edgemicro }: FailureDocument): void {
    const { cause, evidence, target } = edgemicro
    if (cause !== 'undetermined' || evidence.reused != null) return
    if (!isReset(error.code)) return
    let counts = this.#byTarget.get(target)
    if (counts === undefined) {
      if (this.#byTarget.size >= MAX_TARGETS) return
      counts = { resets: 0, epipe: 0, read: 0, elapsed: new Elapsed() }
      this.#byTarget.set(target, counts)
    }
    counts.resets++
    if (error.code === 'EPIPE') counts.epipe++
    if (error.message === 'read ECONNRESET') counts.read++
    if (evidence.elapsed_ms != null) counts.elapsed.add(evidence.elapsed_ms)
  }

  /** Those that are known by name. */
  get targets(): readonly string[] {
    return [...this.#byTarget.keys()].filter((target) => target !== null)
  }

  /** Null where there are none. */
  of(target: string | null): Population | null {
    const counts = this.#byTarget.get(target)
    if (counts === undefined) return null
    const { elapsed, ...rest } = counts
    return { ...rest, elapsedMedianMs: elapsed.quantile(0.5), elapsedP90Ms: elapsed.quantile(0.9) }
  }
}

interface Counts {
  resets: number
  epipe: number
  read: number
  readonly elapsed: Elapsed
}

/** Shorter than what bins tell apart, times are counted by the millisecond. */
const SHORT_MS = 128

class Elapsed {
  readonly #short = new Float64Array(SHORT_MS)
  readonly #long = new Float64Array(BINS)
  #count = 0

  add(elapsedMs: number): void {
    this.#count++
    if (elapsedMs >= 0 && elapsedMs < SHORT_MS) this.#short[Math.floor(elapsedMs)]++
    else this.#long[binOf(elapsedMs)]++
  }

  /** Within 1 %. */
  quantile(share: number): number | null {
    if (this.#count === 0) return null
    let left = share * this.#count
    for (let ms = 0; ms < SHORT_MS; ms++) {
      left -= this.#short[ms]
      if (left <= 0) return ms
    }
    const bin = this.#long.findIndex((count) => {
      left -= count
      return left <= 0
    })
    return Math.round(startOf(bin))
  }
}
