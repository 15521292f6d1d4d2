import { type ConnectionFacts, firstClose } from './facts.js'

/** A target's idle timeout as its closes show it, in milliseconds. */
export interface IdleTimeout {
  /** The median of `closes` closes after about the same time. */
  readonly timeoutMs: number
  readonly lowMs: number
  readonly highMs: number
  readonly closes: number
}

const NS_PER_MS = 1_000_000
/** Who closes sooner does not close for idleness: servers set a second and more. */
const LEAST_IDLE_MS = 250
/** As well, where nothing tells whether the response was whole: sooner, it may have been cut. */
const LEAST_UNMARKED_IDLE_MS = 900
/** Closes for idleness come late by the load of the target, never early: so far they count as at the same time. */
const SPREAD_SHARE = 0.05
const SPREAD_MS = 25
/** So much of all closes after idleness must come at the same time, where there are several. */
const LEAST_SHARE = 0.3
const MAX_SAMPLES = 20_000

/** Collects one target's closes after idle time, and how long connections were idle that still answered. */
export class IdleCloses {
  readonly #samplesMs: number[] = []
  #longestReuseMs = 0

  add(facts: ConnectionFacts): void {
    this.#longestReuseMs = Math.max(this.#longestReuseMs, facts.longestReuseNs / NS_PER_MS)
    const idleMs = idleCloseMs(facts)
    if (idleMs !== null && this.#samplesMs.length < MAX_SAMPLES) this.#samplesMs.push(idleMs)
  }

  /** Null where no close was for idleness, or where they came at all sorts of times. */
  measure(): IdleTimeout | null {
    // A request after a longer time was answered: that close was for another reason.
    const possible = this.#samplesMs.filter((idleMs) => idleMs >= this.#longestReuseMs * 0.98).sort((a, b) => a - b)
    const densest = densestGroup(possible)
    if (densest.length === 0 || densest.length < possible.length * LEAST_SHARE) return null
    return {
      timeoutMs: densest[densest.length >> 1],
      lowMs: densest[0],
      highMs: densest[densest.length - 1],
      closes: densest.length,
    }
  }
}

/**
 * How long the connection was idle when the target closed it for nothing else; null where it did not. What the gateway sent
 * without its having arrived before the close does not count as use.
 */
function idleCloseMs({ closedFirst, closing, idleNs, exchange, previous }: ConnectionFacts): number | null {
  if (closedFirst !== 'target' || idleNs === null || exchange === null) return null
  const close = firstClose(closing.target)
  const answered = exchange.responseFirst !== null ? exchange : previous
  const isInUse = exchange.responseFirst === null && !isUnread(exchange.requestSequence, close?.acknowledgement ?? -1)
  if (answered === null || answered.responseComplete === false || answered.announcesClose || isInUse) return null
  const idleMs = idleNs / NS_PER_MS
  return idleMs >= (answered.responseComplete === null ? LEAST_UNMARKED_IDLE_MS : LEAST_IDLE_MS) ? idleMs : null
}

/** Whether who acknowledges so far has received nothing of a request. */
export function isUnread(requestSequence: number, acknowledgement: number): boolean {
  return acknowledgement < 0 || ((acknowledgement - requestSequence) | 0) <= 0
}

/** The longest run of sorted times that begin and end within the spread. */
function densestGroup(sorted: readonly number[]): readonly number[] {
  let from = 0
  let best: readonly [number, number] = [0, 0]
  for (let to = 1; to <= sorted.length; to++) {
    while (sorted[to - 1] > sorted[from] * (1 + SPREAD_SHARE) + SPREAD_MS) from++
    if (to - from > best[1] - best[0]) best = [from, to]
  }
  return sorted.slice(...best)
}
