import { MINUTE_MS, trafficDimensions, windowStart } from './answer.js'
import type { Dimension, Filter, FrequencyRow, FrequencyStore, Question } from './question.js'
import type { Grain } from './tally.js'

/** A failure ends a while after its request, and statistics are written a while after both. */
const NEARBY_MINUTES = 5

/**
 * Asks, and marks the rows with failures whose requests are not known, so that they get no rate: where a gateway logs its
 * requests at one time or in one place and only its failures in another, the requests of the one say nothing of the
 * other. A failure is covered where its gateway counted requests of the same kind within five minutes of it.
 *
 * `coverage` is asked per minute and by gateway besides; the store itself where it can answer that.
 */
export async function askCovered(
  store: FrequencyStore,
  question: Question,
  coverage: FrequencyStore = store,
): Promise<readonly FrequencyRow[]> {
  const rows = await store.ask(question)
  if (rows.every(({ requests }) => requests === null)) return rows
  const shared = trafficDimensions(question.by)
  const uncovered = await uncoveredValues(coverage, shared, question)
  return rows.map((row) => (uncovered.has(keyOf(row, row.startMs, shared)) ? { ...row, isCovered: false } : row))
}

/** What a tally beside that of the question itself must count to tell the coverage of questions about these dimensions. */
export function coverageGrain(dimensions: readonly Dimension[], filter: Filter): Grain {
  return {
    dimensions: [...trafficDimensions(dimensions), 'gateway', ...filteredDimensions(filter)],
    everyMs: MINUTE_MS,
  }
}

/** The dimensions that a filter asks for: a tally must count by them to answer. */
export function filteredDimensions({ target, proxy, code }: Filter): readonly Dimension[] {
  const filtered: Dimension[] = []
  if (target !== undefined) filtered.push('target')
  if (proxy !== undefined) filtered.push('proxy')
  if (code !== undefined) filtered.push('code')
  return filtered
}

/** Windows and values of the dimensions that have failures without requests nearby. */
async function uncoveredValues(
  coverage: FrequencyStore,
  shared: readonly Dimension[],
  { filter, everyMs }: Question,
): Promise<ReadonlySet<string>> {
  const by: readonly Dimension[] = shared.includes('gateway') ? shared : [...shared, 'gateway']
  const rows = await coverage.ask({ by, everyMs: MINUTE_MS, filter })
  const counted = new Set<string>()
  for (const row of rows) {
    if (row.requests !== null) counted.add(keyOf(row, row.startMs, by))
  }
  const isCovered = (row: FrequencyRow): boolean => {
    for (let away = -NEARBY_MINUTES; away <= NEARBY_MINUTES; away++) {
      if (counted.has(keyOf(row, (row.startMs ?? 0) + away * MINUTE_MS, by))) return true
    }
    return false
  }
  const uncovered = new Set<string>()
  for (const row of rows) {
    if (row.failures > 0 && !isCovered(row)) uncovered.add(keyOf(row, windowStart(row.startMs ?? 0, everyMs), shared))
  }
  return uncovered
}

function keyOf({ values }: FrequencyRow, startMs: number | null, dimensions: readonly Dimension[]): string {
  return JSON.stringify([startMs, ...dimensions.map((dimension) => values[dimension] ?? null)])
}
