import { CAUSES, type FailureDocument } from '../records.js'
import { LabelValues, OTHER } from './label-values.js'
import { RecentIds } from './recent-ids.js'
import { SeriesLimit } from './series-limit.js'
import type { LabelledCount } from './snapshot.js'

/** Of targets and of proxies; requests and failures share them, so that one can be divided by the other. */
export interface SharedLabels {
  readonly target: LabelValues
  readonly proxy: LabelValues
}

/** Series of failures, besides those without target, proxy and code: one for each cause. */
export const MAX_FAILURE_SERIES = 10_000
export const MAX_CODES = 100
/** Failures that are known when they are given out again. */
const REMEMBERED = 50_000

/**
 * Counts each failure where it is first given out, with the labels that it has then. When more of it comes, it is given
 * out again and not counted again.
 *
 * Limits: a failure that comes in parts (its other half after ten seconds of silence, a second target half) keeps its
 * first cause and code here, in the store it has the later ones; one that comes again after 50,000 others counts again.
 * The exact numbers are in the store.
 */
export class FailureCounts {
  readonly #codes = new LabelValues({ max: MAX_CODES, absent: 'none', pattern: /^[A-Za-z]\w{0,63}$/ })
  readonly #limit = new SeriesLimit(MAX_FAILURE_SERIES)
  readonly #counts = new Map<LabelledCount['labels'], number>()
  readonly #counted = new RecentIds(REMEMBERED)
  #failed = 0
  #orphans = 0

  constructor(private readonly labels: SharedLabels) {}

  get failed(): number {
    return this.#failed
  }

  get orphans(): number {
    return this.#orphans
  }

  get counts(): readonly LabelledCount[] {
    return [...this.#counts].map(([labels, count]) => ({ labels, count }))
  }

  /** A failure that a former process has counted. */
  countedBefore(id: string): void {
    this.#counted.add(id)
  }

  add(id: string, { error, edgemicro }: FailureDocument): void {
    if (!this.#counted.add(id)) return
    this.#failed++
    if (edgemicro.halves !== 'both') this.#orphans++
    const target = this.labels.target.of(edgemicro.target)
    const proxy = this.labels.proxy.of(edgemicro.proxy)
    const code = this.#codes.of(error.code)
    const cause = CAUSES.includes(edgemicro.cause) ? edgemicro.cause : OTHER
    const labels = this.#limit.admit([
      { target, proxy, code, cause },
      { target, proxy: OTHER, code, cause },
      { target, proxy: OTHER, code: OTHER, cause },
      { target: OTHER, proxy: OTHER, code: OTHER, cause },
    ])
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1)
  }
}
