import { ConfigError } from '../errors.js'
import type { Cell, Cells } from './cells.js'
import { type Dimension, type FrequencyRow, OUTCOME_DIMENSIONS, type Question, TRAFFIC_DIMENSIONS } from './question.js'

/** Narrowest window: traffic is counted per minute. */
export const MINUTE_MS = 60_000

/** `dimensions` without repetitions; the order stays. */
export function distinct(dimensions: readonly Dimension[]): readonly Dimension[] {
  return [...new Set(dimensions)]
}

/** Those of `dimensions` that traffic is counted by. */
export function trafficDimensions(dimensions: readonly Dimension[]): readonly Dimension[] {
  return dimensions.filter((dimension) => isOneOf(TRAFFIC_DIMENSIONS, dimension))
}

/** Throws `ConfigError` (`usage`) for windows that no store can cut. */
export function checkWindows({ everyMs }: Question): void {
  if (everyMs === null || (Number.isSafeInteger(everyMs) && everyMs > 0 && everyMs % MINUTE_MS === 0)) return
  throw new ConfigError(`no such window: ${everyMs} ms`, {
    code: 'usage',
    hint: 'ask per whole minutes: 1m, 15m, 1h, 1d',
  })
}

/** Start of the window that holds `timeMs`. */
export function windowStart(timeMs: number, everyMs: number | null): number | null {
  return everyMs === null ? null : Math.floor(timeMs / everyMs) * everyMs
}

/**
 * Rows from what a store counted: `failures` by `by`, `requests` by the traffic dimensions of `by`, each within the
 * windows and the filter of the question. One place for what a row means, so that stores cannot differ in it:
 *
 * - outcomes (`cause`, `code`, `status`) divide failures only: rows that differ in nothing else have the same requests;
 * - traffic knows no worker and no method: with these there are no requests;
 * - requests without failures make a row of their own, unless the question is about outcomes, workers or methods.
 */
export function answer(by: readonly Dimension[], failures: Cells, requests: Cells): readonly FrequencyRow[] {
  const shared = trafficDimensions(by)
  const positions = shared.map((dimension) => by.indexOf(dimension))
  const divisible = by.every(
    (dimension) => isOneOf(TRAFFIC_DIMENSIONS, dimension) || isOneOf(OUTCOME_DIMENSIONS, dimension),
  )
  const rows: FrequencyRow[] = failures.all.map((cell) => {
    const traffic = divisible
      ? requests.find(
          cell.startMs,
          positions.map((position) => cell.values[position] ?? null),
        )
      : undefined
    return rowOf(by, cell, { requests: traffic?.count ?? null, failures: cell.count })
  })
  if (shared.length === by.length) {
    for (const cell of requests.all) {
      const failed = failures.find(cell.startMs, cell.values) !== undefined
      if (!failed) rows.push(rowOf(by, cell, { requests: cell.count, failures: 0 }))
    }
  }
  return rows.sort((one, other) => compareRows(by, one, other))
}

function rowOf(
  by: readonly Dimension[],
  cell: Cell,
  counts: { requests: number | null; failures: number },
): FrequencyRow {
  const values: Partial<Record<Dimension, string | null>> = {}
  by.forEach((dimension, position) => {
    values[dimension] = cell.values[position] ?? null
  })
  const failed = counts.failures > 0
  return {
    startMs: cell.startMs,
    values,
    ...counts,
    firstFailureMs: failed ? cell.firstMs : null,
    lastFailureMs: failed ? cell.lastMs : null,
  }
}

function compareRows(by: readonly Dimension[], one: FrequencyRow, other: FrequencyRow): number {
  const order = (one.startMs ?? 0) - (other.startMs ?? 0) || other.failures - one.failures
  if (order !== 0) return order
  for (const dimension of by) {
    const difference = compareValues(one.values[dimension] ?? null, other.values[dimension] ?? null)
    if (difference !== 0) return difference
  }
  return 0
}

/** Null last, else by code points: the order of UTF-8 bytes, the same in every store and for every locale. */
function compareValues(one: string | null, other: string | null): number {
  if (one === other) return 0
  if (one === null) return 1
  if (other === null) return -1
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function isOneOf(dimensions: readonly Dimension[], dimension: Dimension): boolean {
  return dimensions.includes(dimension)
}
