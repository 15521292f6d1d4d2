import { date, double, integer, keyword, known, long, query, timeColumn } from '../columns.js'
import type { Dashboard, Panel } from '../model.js'
import type { Names } from '../names.js'
import { inRow, metric } from './panels.js'

const FIELD = 'edgemicro.shipper'

const SHIPPER =
  'EVAL shipper = CONCAT(COALESCE(agent.name, "unknown"), " / ", COALESCE(edgemicro.shipper.pipeline, "unknown"))'

/** Whether hangup itself keeps up, and what it could not use. */
export const shipperHealth = (names: Names): Dashboard => ({
  id: 'shipper-health',
  title: 'Shipper health',
  description:
    'Whether hangup itself keeps up: lag behind the logs, documents not yet stored, lines and documents it could not use. A series for each agent and pipeline.',
  timeRange: { from: 'now-6h', to: 'now' },
  controls: [],
  panels: [...totals(names), ...overTime(names), troubles(names), shippers(names)],
})

function totals(names: Names): readonly Panel[] {
  const value = (id: string, title: string, aggregation: string): Omit<Panel, 'grid'> =>
    metric(id, title, query(`FROM ${names.shipper}`, `STATS value = ${aggregation}`), long('value', title))
  const now = (id: string, title: string, aggregation: string): Omit<Panel, 'grid'> => {
    const recent = 'WHERE @timestamp >= NOW() - 5 minutes'
    return metric(
      id,
      title,
      query(`FROM ${names.shipper}`, recent, `STATS value = ${aggregation}`),
      long('value', title),
    )
  }
  return inRow([
    now('lag-now', 'Greatest lag now, ms', `MAX(${FIELD}.lag_ms)`),
    now('unsent-now', 'Waiting to be stored now', `MAX(${FIELD}.unsent)`),
    value('lines', 'Lines read', `SUM(${FIELD}.lines)`),
    value('rejections', 'Lines rejected', `SUM(${FIELD}.rejections)`),
    value('orphans', 'Failures with one half', `SUM(${FIELD}.orphans)`),
    value('refused', 'Documents refused', `SUM(${FIELD}.refused)`),
  ])
}

function overTime(names: Names): readonly Panel[] {
  const { time } = names
  const lines = (id: string, title: string, name: string, aggregation: string, x: number): Panel => ({
    id,
    title,
    grid: { x, y: 6, w: 16, h: 12 },
    query: query(
      `FROM ${names.shipper}`,
      SHIPPER,
      `STATS ${name} = ${aggregation} BY ${time.grouping}, shipper`,
      `SORT ${time.column}, shipper`,
      'LIMIT 10000',
    ),
    columns: [timeColumn(names), keyword('shipper', 'Agent / pipeline'), long(name, title)],
    visualization: { kind: 'xy', series: 'line', x: time.name, y: [name], by: 'shipper' },
  })
  return [
    lines('lag-over-time', 'Lag behind the logs, ms', 'lag_ms', `MAX(${FIELD}.lag_ms)`, 0),
    lines('unsent-over-time', 'Waiting to be stored', 'unsent', `MAX(${FIELD}.unsent)`, 16),
    lines('lines-over-time', 'Lines read', 'lines', `SUM(${FIELD}.lines)`, 32),
  ]
}

const TROUBLES: readonly (readonly [name: string, label: string])[] = [
  ['rejections', 'Lines rejected'],
  ['orphans', 'Failures with one half'],
  ['refused', 'Documents refused'],
  ['retries', 'Retries'],
  ['late', 'Late lines'],
  ['evicted', 'Evicted halves'],
]

const SUMS = TROUBLES.map(([name]) => `${name} = SUM(${FIELD}.${name})`).join(', ')

function troubles(names: Names): Panel {
  const { time } = names
  return {
    id: 'troubles-over-time',
    title: 'What could not be used or had to be tried again',
    grid: { x: 0, y: 18, w: 48, h: 12 },
    query: query(`FROM ${names.shipper}`, `STATS ${SUMS} BY ${time.grouping}`, `SORT ${time.column}`, 'LIMIT 10000'),
    columns: [timeColumn(names), ...TROUBLES.map(([name, label]) => long(name, label))],
    visualization: { kind: 'xy', series: 'bar_stacked', x: time.name, y: TROUBLES.map(([name]) => name) },
  }
}

function shippers(names: Names): Panel {
  return {
    id: 'shippers',
    title: 'By agent and pipeline',
    description: 'A shipper that has been silent for more than a few minutes is not running.',
    grid: { x: 0, y: 30, w: 48, h: 14 },
    query: query(
      `FROM ${names.shipper}`,
      `EVAL ${known('agent', 'agent.name')}, ${known('pipeline', `${FIELD}.pipeline`)}`,
      `STATS last_seen = MAX(@timestamp), lines = SUM(${FIELD}.lines), failures = SUM(${FIELD}.failures), ${SUMS}, greatest_unsent = MAX(${FIELD}.unsent), greatest_lag_ms = MAX(${FIELD}.lag_ms) BY agent, pipeline`,
      'EVAL silent_minutes = DATE_DIFF("minutes", last_seen, NOW()), orphans_pct = CASE(failures > 0, ROUND(100.0 * orphans / failures, 2), null)',
      `KEEP agent, pipeline, last_seen, silent_minutes, greatest_lag_ms, greatest_unsent, lines, failures, orphans_pct, ${TROUBLES.map(([name]) => name).join(', ')}`,
      'SORT agent, pipeline',
      'LIMIT 500',
    ),
    columns: [
      keyword('agent', 'Agent'),
      keyword('pipeline', 'Pipeline'),
      date('last_seen', 'Last seen'),
      integer('silent_minutes', 'Silent, min'),
      long('greatest_lag_ms', 'Greatest lag, ms'),
      long('greatest_unsent', 'Greatest unsent'),
      long('lines', 'Lines'),
      long('failures', 'Failures'),
      double('orphans_pct', 'One half, %'),
      ...TROUBLES.map(([name, label]) => long(name, label)),
    ],
    visualization: { kind: 'table' },
  }
}
