import type { Dimension, FrequencyRow, Question } from '../../frequency/question.js'
import { rateOf } from '../../frequency/rate.js'
import { formatCount, formatInstant, formatShare } from '../terminal/numbers.js'
import { renderTable, type Table } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'

export type FrequencyAnswer = Pick<Question, 'by' | 'everyMs'> & { readonly rows: readonly FrequencyRow[] }

/** The object that `frequency --json` prints (contract.md); `start` is null where the question has no windows. */
export interface FrequencyJson {
  readonly by: readonly Dimension[]
  readonly every_ms: number | null
  readonly rows: readonly Readonly<Record<string, string | number | null>>[]
}

export function frequencyJson({ by, everyMs, rows }: FrequencyAnswer): FrequencyJson {
  return {
    by,
    every_ms: everyMs,
    rows: rows.map((row) => ({
      start: row.startMs === null ? null : new Date(row.startMs).toISOString(),
      ...Object.fromEntries(by.map((dimension) => [dimension, row.values[dimension] ?? null])),
      requests: row.requests,
      failures: row.failures,
      rate: rateOf(row)?.rate ?? null,
    })),
  }
}

/** The rows as a table for people; a value that is not in the log reads `unknown`, a number that is not known `-`. */
export function renderFrequency(
  { by, everyMs, rows }: FrequencyAnswer,
  surface: Pick<Surface, 'width' | 'style'>,
): string[] {
  if (rows.length === 0) return ['nothing to count']
  const table: Table = {
    columns: [
      ...(everyMs === null ? [] : [{ title: 'start', align: 'right' as const }]),
      ...by.map((dimension) => ({ title: dimension })),
      { title: 'requests', align: 'right' },
      { title: 'failures', align: 'right', emphasis: 'bold' },
      { title: 'rate', align: 'right' },
    ],
    rows: rows.map((row) => [
      ...(everyMs === null ? [] : [row.startMs === null ? '-' : formatInstant(row.startMs)]),
      ...by.map((dimension) => row.values[dimension] ?? 'unknown'),
      row.requests === null ? '-' : formatCount(row.requests),
      formatCount(row.failures),
      rateText(row),
    ]),
  }
  return renderTable(table, surface)
}

/**
 * CSV (RFC 4180: comma, CRLF, a header line). Texts stand exactly as they are in the log, always in quotes; what is not
 * known is empty and without quotes. Texts are not altered to stop a spreadsheet from taking one that begins with `=`
 * for a formula: import those columns as text.
 */
export function frequencyCsv({ by, rows, everyMs }: FrequencyAnswer): string {
  const { rows: records } = frequencyJson({ by, everyMs, rows })
  const header = ['start', ...by, 'requests', 'failures', 'rate']
  const lines = records.map((record) => header.map((name) => csvField(record[name])).join(','))
  return [header.join(','), ...lines].map((line) => `${line}\r\n`).join('')
}

function rateText(row: FrequencyRow): string {
  const rate = rateOf(row)
  return rate === null ? '-' : formatShare(rate.rate)
}

function csvField(value: string | number | null): string {
  if (value === null) return ''
  return typeof value === 'number' ? String(value) : `"${value.replaceAll('"', '""')}"`
}
