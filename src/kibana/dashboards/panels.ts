import { double, keyword, known, long, query, timeColumn } from '../columns.js'
import type { Column, Grid, Panel } from '../model.js'
import type { Names } from '../names.js'
import { COVERED, COVERED_SUMS, RATES } from '../rates.js'

/** What a panel counts failures by: the field, and the column's name and label. */
export interface CountedBy {
  readonly id: string
  readonly title: string
  readonly by: string
  readonly field: string
  readonly label: string
  /** What the absent value is called. */
  readonly absent?: string
  readonly grid: Grid
}

/** One number each, in a row at the head of a dashboard. */
export function totals(names: Names): readonly Panel[] {
  const failures = `FROM ${names.failures}`
  const rates = [`FROM ${names.frequency}`, `WHERE ${COVERED}`, `STATS ${COVERED_SUMS}`, `EVAL ${RATES}`]
  return inRow([
    metric('failures', 'Failed requests', query(failures, 'STATS failures = COUNT(*)'), long('failures', 'Failures')),
    metric(
      'resets',
      'Connection resets',
      query(failures, 'WHERE error.code == "ECONNRESET"', 'STATS resets = COUNT(*)'),
      long('resets', 'ECONNRESET'),
    ),
    metric(
      'failing-targets',
      'Failing targets',
      query(failures, 'STATS failing_targets = COUNT_DISTINCT(edgemicro.target)'),
      long('failing_targets', 'Targets'),
    ),
    metric('requests', 'Requests counted', query(...rates, 'KEEP requests'), long('requests', 'Requests')),
    metric(
      'failure-rate',
      'Failure rate',
      query(...rates, 'KEEP failure_rate_pct'),
      double('failure_rate_pct', 'Failures, %'),
    ),
    metric('reset-rate', 'Reset rate', query(...rates, 'KEEP reset_rate_pct'), double('reset_rate_pct', 'Resets, %')),
  ])
}

/** A panel of one number, yet without its place. */
export function metric(id: string, title: string, esql: string, value: Column): Omit<Panel, 'grid'> {
  return { id, title, query: esql, columns: [value], visualization: { kind: 'metric', value: value.name } }
}

/** Six panels of one number beside each other, at the top. */
export function inRow(panels: readonly Omit<Panel, 'grid'>[]): readonly Panel[] {
  return panels.map((panel, index) => ({ ...panel, grid: { x: index * 8, y: 0, w: 8, h: 6 } }))
}

/** Both rates as lines. */
export function ratesOverTime(names: Names): Panel {
  const { time } = names
  return {
    id: 'rates-over-time',
    title: 'Failure and reset rate over time, %',
    description: 'Of the requests that were counted, in the minutes in which they were.',
    grid: { x: 0, y: 6, w: 24, h: 12 },
    query: query(
      `FROM ${names.frequency}`,
      `WHERE ${COVERED}`,
      `STATS ${COVERED_SUMS} BY ${time.grouping}`,
      `EVAL ${RATES}`,
      `KEEP ${time.column}, failure_rate_pct, reset_rate_pct`,
      `SORT ${time.column}`,
      'LIMIT 10000',
    ),
    columns: [timeColumn(names), double('failure_rate_pct', 'Failures, %'), double('reset_rate_pct', 'Resets, %')],
    visualization: { kind: 'xy', series: 'line', x: time.name, y: ['failure_rate_pct', 'reset_rate_pct'] },
  }
}

/** Failures as stacked bars. */
export function failuresOverTime(names: Names, { id, title, by, field, label, absent, grid }: CountedBy): Panel {
  const { time } = names
  return {
    id,
    title,
    grid,
    query: query(
      `FROM ${names.failures}`,
      `EVAL ${known(by, field, absent)}`,
      `STATS failures = COUNT(*) BY ${time.grouping}, ${by}`,
      `SORT ${time.column}, ${by}`,
      'LIMIT 10000',
    ),
    columns: [timeColumn(names), keyword(by, label), long('failures', 'Failures')],
    visualization: { kind: 'xy', series: 'bar_stacked', x: time.name, y: ['failures'], by },
  }
}

/** Failures as one bar for each value, the longest first. */
export function failuresBy(names: Names, { id, title, by, field, label, absent, grid }: CountedBy): Panel {
  return {
    id,
    title,
    grid,
    query: query(
      `FROM ${names.failures}`,
      `EVAL ${known(by, field, absent)}`,
      `STATS failures = COUNT(*) BY ${by}`,
      `SORT failures DESC, ${by}`,
      'LIMIT 50',
    ),
    columns: [keyword(by, label), long('failures', 'Failures')],
    visualization: { kind: 'xy', series: 'bar_horizontal', x: by, y: ['failures'] },
  }
}
