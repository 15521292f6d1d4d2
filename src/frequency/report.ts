import type { Ledger } from '../records.js'
import { adviceFor, type TargetFacts, UNKNOWN_TARGET } from './advice.js'
import { askCovered } from './covered.js'
import type { Dimension, Filter, FrequencyRow, FrequencyStore } from './question.js'
import { type Rate, rateOf } from './rate.js'

/** Counts by the values of one dimension, most frequent first; what is not in the log is counted as `none`. */
export type Counts = Readonly<Record<string, number>>

/** How often, how surely, and when. Times are ISO 8601 in UTC; null where nothing failed. */
export interface ReportNumbers {
  /** Null where the logs do not tell. */
  readonly requests: number | null
  readonly failures: number
  /** Share of one; null, like its 95 % interval, without a denominator. */
  readonly rate: number | null
  readonly rate_low: number | null
  readonly rate_high: number | null
  readonly by_cause: Counts
  readonly first_failure: string | null
  readonly last_failure: string | null
}

export interface TargetReport extends ReportNumbers {
  /** host:port, or `unknown`. */
  readonly target: string
  /** Base paths of the APIs that lead to it, those with most failures first. */
  readonly apis: readonly string[]
  /** The target's own idle timeout as estimated from its failures, with its 95 % interval; null: no estimate. */
  readonly idle_timeout_ms: number | null
  readonly idle_timeout_low_ms: number | null
  readonly idle_timeout_high_ms: number | null
  /** When it was down: requests were broken off at once, others refused until it listened again. */
  readonly outages: readonly OutageReport[]
  readonly advice: string
}

/** Times are ISO 8601 in UTC, of whole seconds. */
export interface OutageReport {
  readonly from: string
  readonly until: string
  readonly cut: number
  readonly refused: number
}

export interface ProxyReport extends ReportNumbers {
  /** Base path without its leading `/`, or `unknown`. */
  readonly proxy: string
}

/** The object that `report --json` prints (contract.md). Lists are sorted by failures, most first. */
export interface Report extends ReportNumbers {
  readonly ledger: Readonly<Ledger>
  /** The half-open range `[since, until)` that was looked at; null: without bound. */
  readonly since: string | null
  readonly until: string | null
  readonly by_code: Counts
  /** By the status that the client got. */
  readonly by_status: Counts
  readonly targets: readonly TargetReport[]
  readonly proxies: readonly ProxyReport[]
}

export interface ReportInput {
  readonly ledger: Readonly<Ledger>
  readonly sinceMs: number | null
  readonly untilMs: number | null
  readonly filter: Filter
  /** What the failures of targets tell together, by name; absent: nothing is known. */
  readonly facts?: (target: string) => TargetFacts
}

/**
 * Asks a store all that a report says. A target or API without failures is in the list too, so that the healthy ones are
 * seen. `coverage`: see `askCovered`. Throws what the store throws.
 */
export async function buildReport(
  store: FrequencyStore,
  input: ReportInput,
  coverage: FrequencyStore = store,
): Promise<Report> {
  const ask = (...by: Dimension[]): Promise<readonly FrequencyRow[]> =>
    askCovered(store, { by, everyMs: null, filter: input.filter }, coverage)
  // One after another: a store answers on one connection.
  const total = (await ask())[0] ?? NOTHING
  const byCause = counts(await ask('cause'), 'cause')
  const byCode = counts(await ask('code'), 'code')
  const byStatus = counts(await ask('status'), 'status')
  const targets = groups(await ask('target'), await ask('target', 'cause'), 'target')
  const apis = apisOf(await ask('target', 'proxy'))
  const proxies = groups(await ask('proxy'), await ask('proxy', 'cause'), 'proxy')
  return {
    ledger: input.ledger,
    since: isoTime(input.sinceMs),
    until: isoTime(input.untilMs),
    ...numbers(total, byCause),
    by_code: byCode,
    by_status: byStatus,
    targets: targets.map(({ name, ...rest }) => targetReport(name, rest, apis.get(name) ?? [], input.facts?.(name))),
    proxies: proxies.map(({ name, ...rest }) => ({ proxy: name, ...rest })),
  }
}

function targetReport(
  target: string,
  numbersOfIt: ReportNumbers,
  apis: readonly string[],
  facts?: TargetFacts,
): TargetReport {
  const { failures, by_cause: byCause, requests, rate, rate_low: rateLow, rate_high: rateHigh } = numbersOfIt
  const { timeoutMs = null, lowMs = null, highMs = null } = facts?.idleTimeout ?? {}
  return {
    target,
    ...numbersOfIt,
    apis,
    idle_timeout_ms: timeoutMs,
    idle_timeout_low_ms: lowMs,
    idle_timeout_high_ms: highMs,
    outages: (facts?.outages ?? []).map(({ fromMs, untilMs, cut, refused }) => ({
      from: new Date(fromMs).toISOString(),
      until: new Date(untilMs).toISOString(),
      cut,
      refused,
    })),
    advice: adviceFor({ target, apis, failures, byCause, requests, rate, rateLow, rateHigh, facts }),
  }
}

/** Names of the APIs whose requests to a target failed, by target, those with most failures first. */
function apisOf(rows: readonly FrequencyRow[]): ReadonlyMap<string, readonly string[]> {
  const byTarget = new Map<string, FrequencyRow[]>()
  for (const row of rows) {
    const target = row.values.target ?? UNKNOWN_TARGET
    if (row.failures > 0 && row.values.proxy != null) addTo(byTarget, target, row)
  }
  const name = ({ values }: FrequencyRow): string => values.proxy ?? ''
  return new Map(
    [...byTarget].map(([target, rowsOfIt]) => [
      target,
      rowsOfIt.sort((a, b) => b.failures - a.failures || compare(name(a), name(b))).map(name),
    ]),
  )
}

const NOTHING: FrequencyRow = {
  startMs: null,
  values: {},
  requests: null,
  failures: 0,
  firstFailureMs: null,
  lastFailureMs: null,
}

/** Values come from logs and may be any text, `__proto__` too: `Object.fromEntries` defines, it does not assign. */
function counts(rows: readonly FrequencyRow[], dimension: Dimension): Counts {
  const sums = new Map<string, number>()
  for (const { values, failures } of rows) {
    const key = values[dimension] ?? 'none'
    if (failures > 0) sums.set(key, (sums.get(key) ?? 0) + failures)
  }
  return Object.fromEntries([...sums].sort(([keyA, a], [keyB, b]) => b - a || compare(keyA, keyB)))
}

function groups(
  rows: readonly FrequencyRow[],
  rowsByCause: readonly FrequencyRow[],
  dimension: 'target' | 'proxy',
): (ReportNumbers & { readonly name: string })[] {
  const causes = new Map<string | null, FrequencyRow[]>()
  for (const row of rowsByCause) addTo(causes, row.values[dimension] ?? null, row)
  return rows
    .filter(({ values, failures }) => values[dimension] != null || failures > 0)
    .map((row) => {
      const value = row.values[dimension] ?? null
      return { name: value ?? UNKNOWN_TARGET, ...numbers(row, counts(causes.get(value) ?? [], 'cause')) }
    })
    .sort((a, b) => b.failures - a.failures || compare(a.name, b.name))
}

/** Requests of no known target or API are not those of the unknown one: they are no number of its own. */
function numbers(row: FrequencyRow, byCause: Counts): ReportNumbers {
  const rate: Rate | null = rateOf(row)
  return {
    requests: row.values.target === null || row.values.proxy === null ? null : row.requests,
    failures: row.failures,
    rate: rate?.rate ?? null,
    rate_low: rate?.low ?? null,
    rate_high: rate?.high ?? null,
    by_cause: byCause,
    first_failure: isoTime(row.firstFailureMs),
    last_failure: isoTime(row.lastFailureMs),
  }
}

function addTo<Key>(rows: Map<Key, FrequencyRow[]>, key: Key, row: FrequencyRow): void {
  const added = rows.get(key)
  if (added === undefined) rows.set(key, [row])
  else added.push(row)
}

function isoTime(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString()
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
