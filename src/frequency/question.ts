/**
 * How often, by what, per what interval: one set of questions, the same answers from every store (plain logs held in
 * memory, DuckDB, Elasticsearch).
 */

export const DIMENSIONS = [
  'target',
  'cause',
  'code',
  'proxy',
  'status',
  'gateway',
  'worker',
  'org',
  'env',
  'method',
] as const

export type Dimension = (typeof DIMENSIONS)[number]

/** The dimensions that traffic is counted by. A rate exists only for rows that these, and outcomes, define. */
export const TRAFFIC_DIMENSIONS = ['target', 'proxy', 'gateway', 'org', 'env'] as const satisfies readonly Dimension[]

/** What became of a request: divides the failures of a row, never its requests. */
export const OUTCOME_DIMENSIONS = ['cause', 'code', 'status'] as const satisfies readonly Dimension[]

export interface Filter {
  /** Half-open range `[sinceMs, untilMs)` of event time. */
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly target?: string
  readonly proxy?: string
  readonly code?: string
}

export interface Question {
  readonly by: readonly Dimension[]
  /** Width of the windows, a multiple of one minute; null: one window for all of time. Windows start at the epoch. */
  readonly everyMs: number | null
  readonly filter: Filter
}

/** A null dimension value means: not in the log. `status` is text here, like all dimensions. */
export interface FrequencyRow {
  /** Start of the window; null where the question has no windows. */
  readonly startMs: number | null
  readonly values: Readonly<Partial<Record<Dimension, string | null>>>
  /** Null where no denominator is known: never shown as a rate. */
  readonly requests: number | null
  readonly failures: number
  /** False where some of the failures have no requests counted beside them, so that `requests` is no denominator. */
  readonly isCovered?: boolean
  readonly firstFailureMs: number | null
  readonly lastFailureMs: number | null
}

/** A store that can be asked. Rows come by start, then most failures first, then by their values. */
export interface FrequencyStore {
  ask(question: Question): Promise<readonly FrequencyRow[]>
  close(): Promise<void>
}
