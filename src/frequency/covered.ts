import type { Dimension, FrequencyRow, FrequencyStore, Question } from './question.js'

/**
 * Asks, and takes the denominator away from rows with failures of a gateway whose requests are not known: where one
 * gateway logs its requests and another only its failures, the requests of the first say nothing of the second.
 */
export async function askCovered(store: FrequencyStore, question: Question): Promise<readonly FrequencyRow[]> {
  const rows = await store.ask(question)
  if (question.by.includes('gateway') || rows.every(({ requests }) => requests === null)) return rows
  const byGateway = await store.ask({ ...question, by: [...question.by, 'gateway'] })
  const uncovered = new Set<string>()
  for (const row of byGateway) {
    if (row.failures > 0 && row.requests === null) uncovered.add(keyOf(row, question.by))
  }
  return rows.map((row) => (uncovered.has(keyOf(row, question.by)) ? { ...row, requests: null } : row))
}

function keyOf({ startMs, values }: FrequencyRow, by: readonly Dimension[]): string {
  return JSON.stringify([startMs, ...by.map((dimension) => values[dimension] ?? null)])
}
