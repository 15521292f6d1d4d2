import type { SharedLabels } from './failure-counts.js'
import { OTHER } from './label-values.js'
import { SeriesLimit } from './series-limit.js'
import type { LabelledCount } from './snapshot.js'

/** Requests since the process began, of one target and API in one partition. */
export interface RequestCount {
  readonly target: string | null
  readonly proxy: string | null
  readonly requests: number
}

/** Series of requests, besides the one without target and proxy. */
const MAX_REQUEST_SERIES = 10_000

/** Adds up requests by their labels. The numbers counted never go back, so those added up do not either. */
export class RequestCounts {
  readonly #limit = new SeriesLimit(MAX_REQUEST_SERIES)

  constructor(private readonly labels: SharedLabels) {}

  sums(requests: Iterable<RequestCount>): readonly LabelledCount[] {
    const sums = new Map<LabelledCount['labels'], number>()
    for (const each of requests) {
      const target = this.labels.target.of(each.target)
      const proxy = this.labels.proxy.of(each.proxy)
      const labels = this.#limit.admit([
        { target, proxy },
        { target, proxy: OTHER },
        { target: OTHER, proxy: OTHER },
      ])
      sums.set(labels, (sums.get(labels) ?? 0) + each.requests)
    }
    return [...sums].map(([labels, count]) => ({ labels, count }))
  }
}
