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
const MAX_CODES = 100
/** Failures that are known when they are given out again. */
const REMEMBERED = 50_000
const HOLD_MS = 2_000
const MAX_HELD = 10_000

/**
 * Counts each failure once. It is given out as soon as it has two halves, and again when more of it comes, which may
 * tell another cause: so it is counted two seconds after it was first given out, with what is known by then.
 *
 * Limits: what comes later than that (the other half after ten seconds of silence) changes the cause and code in the
 * store and not here; a failure that comes again after 50,000 others counts again. The exact numbers are in the store.
 */
export class FailureCounts {
  readonly #codes = new LabelValues({ max: MAX_CODES, absent: 'none', pattern: /^[A-Za-z]\w{0,63}$/ })
  readonly #limit = new SeriesLimit(MAX_FAILURE_SERIES)
  readonly #counts = new Map<LabelledCount['labels'], number>()
  readonly #counted = new RecentIds(REMEMBERED)
  /** Not counted yet, in the order in which they were first given out. */
  readonly #held = new Map<string, { document: FailureDocument; readonly sinceMs: number }>()
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

  add(id: string, document: FailureDocument, nowMs: number): void {
    const held = this.#held.get(id)
    if (held !== undefined) {
      // A half that came too late for the join stands alone in its document.
      if (halvesIn(document) >= halvesIn(held.document)) held.document = document
    } else if (this.#counted.add(id)) this.#held.set(id, { document, sinceMs: nowMs })
    if (this.#held.size > MAX_HELD) this.settle(nowMs)
  }

  /** Counts what has been held for long enough, or with infinity all. */
  settle(nowMs: number): void {
    for (const [id, { document, sinceMs }] of this.#held) {
      if (nowMs - sinceMs < HOLD_MS && this.#held.size <= MAX_HELD) return
      this.#held.delete(id)
      this.#count(document)
    }
  }

  #count({ error, edgemicro }: FailureDocument): void {
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

function halvesIn({ edgemicro }: FailureDocument): number {
  return edgemicro.target_halves.length + (edgemicro.client_half === null ? 0 : 1)
}
