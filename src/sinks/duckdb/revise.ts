import { DOUBLE, type DuckDBConnection, VARCHAR } from '@duckdb/node-api'
import type { JudgedFailure } from '../../judged-failure.js'
import type { Case, Pass, Verdicts } from '../verdicts.js'
import { type Column, instant, judgedFailureOf, type Row, storedText } from './rows.js'
import { stage } from './staging.js'

/**
 * Judges a case again and writes the verdicts that differ, within the caller's transaction. Reads it twice, so that memory is
 * bounded by what the judge keeps and one pass writes; `written` where there may be more to write.
 */
export async function reviseVerdicts(connection: DuckDBConnection, verdicts: Verdicts, open: Case): Promise<Pass> {
  const judge = verdicts.newJudge()
  let isEmpty = true
  for await (const row of read(connection, verdicts, open)) {
    judge.add(judgedFailureOf(row))
    isEmpty = false
  }
  if (isEmpty) return 'empty'
  const revised = new Map<string, JudgedFailure>()
  for await (const row of read(connection, verdicts, { ...open, sinceMs: open.fromMs })) {
    const failure = judgedFailureOf(row)
    const judged = judge.judged(failure)
    if (judged !== failure) revised.set(String(row.id), judged)
    if (revised.size >= MAX_WRITTEN) break
  }
  if (revised.size === 0) return 'right'
  await stage(connection, { name: 'revised_failures', table: 'failures', columns: REVISED_COLUMNS }, revised)
  await connection.run(REVISE)
  return revised.size < MAX_WRITTEN ? 'right' : 'written'
}

const MAX_WRITTEN = 50_000

async function* read(
  connection: DuckDBConnection,
  { causes }: Verdicts,
  { target, sinceMs, untilMs }: Case,
): AsyncGenerator<Row> {
  const rows = await connection.stream(SELECT, {
    target: storedText(target),
    since: instant(sinceMs),
    until: instant(untilMs),
    causes: JSON.stringify(causes),
  })
  for await (const part of rows.yieldRowObjects()) yield* part
}

// Where the idle time is not known, no others tell anything.
const SELECT = `
  SELECT id, "timestamp", request_id, error_code, error_message, target, target_source, proxy, gateway, cause, confidence,
    evidence, log_path, log_offset
  FROM failures
  WHERE target = $target AND "timestamp" >= $since AND "timestamp" < $until
    AND contains($causes, '"' || cause || '"') AND NOT contains(evidence, '"idle_ms":null')`

const REVISED_COLUMNS: readonly Column<JudgedFailure>[] = [
  { name: 'id', type: VARCHAR, of: (_, id) => id },
  { name: 'cause', type: VARCHAR, of: ({ edgemicro }) => edgemicro.cause },
  { name: 'confidence', type: DOUBLE, of: ({ edgemicro }) => edgemicro.confidence },
]

const REVISE = `
  UPDATE failures SET cause = revised.cause, confidence = revised.confidence
  FROM revised_failures revised WHERE failures.id = revised.id`
