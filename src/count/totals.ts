import type { TrafficCounter } from './traffic.js'

/** Requests of a process so far, by what its metrics tell them apart. */
export interface RequestTotal {
  readonly target: string | null
  readonly proxy: string | null
  readonly requests: number
}

/** Requests that one partition has counted so far, without those of replays. */
export function* requestTotals({ cells }: TrafficCounter): Iterable<RequestTotal> {
  for (const { dimensions, requests } of cells) {
    if (requests > 0) yield { target: dimensions.target, proxy: dimensions.proxy, requests }
  }
}

/** What was counted of partitions that are no longer read here: the numbers of a process only grow. */
export class ForgottenTotals {
  readonly #requests = new Map<string, RequestTotal>()
  #late = 0

  get late(): number {
    return this.#late
  }

  get requests(): Iterable<RequestTotal> {
    return this.#requests.values()
  }

  add(traffic: TrafficCounter): void {
    this.#late += traffic.late
    for (const { target, proxy, requests } of requestTotals(traffic)) {
      const key = JSON.stringify([target, proxy])
      const known = this.#requests.get(key)?.requests ?? 0
      this.#requests.set(key, { target, proxy, requests: known + requests })
    }
  }
}
