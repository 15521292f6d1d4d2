/** A target that failed of late. */
export interface FailingTarget {
  readonly target: string
  readonly failures: number
  /** Error codes by how often they came, most frequent first. */
  readonly codes: readonly (readonly [string, number])[]
}

export interface Failure {
  readonly target: string
  readonly code: string | null
  readonly timeMs: number
}

/**
 * Failures of the last minutes of event time, by target. Memory is bounded by the targets and codes of that time; what is older
 * is forgotten as time goes on.
 */
export class RecentFailures {
  /** By minute, target and code. */
  readonly #minutes = new Map<number, Map<string, Map<string, number>>>()
  #lastMinute = Number.NEGATIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY

  /** `minutes`: how far back from the last failure; infinite: all. */
  constructor(private readonly minutes: number) {}

  /** Time of the last failure; minus infinity before the first. */
  get lastMs(): number {
    return this.#lastMs
  }

  add({ target, code, timeMs }: Failure): void {
    this.#lastMs = Math.max(this.#lastMs, timeMs)
    const minute = Math.floor(timeMs / MINUTE_MS)
    if (minute > this.#lastMinute) this.#advance(minute)
    if (minute <= this.#lastMinute - this.minutes) return
    const targets = getOrMake(this.#minutes, minute, () => new Map<string, Map<string, number>>())
    const codes = getOrMake(targets, target, () => new Map<string, number>())
    codes.set(code ?? NO_CODE, (codes.get(code ?? NO_CODE) ?? 0) + 1)
  }

  /** Those with most failures first. */
  targets(): readonly FailingTarget[] {
    const sums = new Map<string, Map<string, number>>()
    for (const targets of this.#minutes.values()) {
      for (const [target, codes] of targets) {
        const sum = getOrMake(sums, target, () => new Map<string, number>())
        for (const [code, count] of codes) sum.set(code, (sum.get(code) ?? 0) + count)
      }
    }
    return [...sums]
      .map(([target, codes]) => ({
        target,
        failures: [...codes.values()].reduce((sum, count) => sum + count, 0),
        codes: [...codes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)),
      }))
      .sort((a, b) => b.failures - a.failures || (a.target < b.target ? -1 : 1))
  }

  #advance(minute: number): void {
    this.#lastMinute = minute
    for (const each of this.#minutes.keys()) if (each <= minute - this.minutes) this.#minutes.delete(each)
  }
}

const MINUTE_MS = 60_000
const NO_CODE = 'no code'

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
