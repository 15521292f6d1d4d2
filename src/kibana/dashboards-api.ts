import { dashboards } from './dashboards/all.js'
import type { Column, Control, Dashboard, Panel } from './model.js'
import { type Names, namesFor, objectId, type Placement } from './names.js'
import { titled } from './saved-objects.js'

/** What `PUT /api/dashboards/{id}` takes: Kibana 9.5, all subscriptions. */
export interface ApiDashboard {
  readonly id: string
  readonly body: object
}

/** The dashboards as bodies for the Dashboards API. They refer to no other object: the control asks by ES|QL too. */
export function apiDashboards(placement: Placement): readonly ApiDashboard[] {
  const names = namesFor(placement.prefix, 'expression')
  return dashboards(names).map((dashboard) => ({
    id: objectId(placement, dashboard.id),
    body: bodyOf(dashboard, placement, names),
  }))
}

function bodyOf(dashboard: Dashboard, placement: Placement, names: Names): object {
  return {
    title: titled(placement, dashboard.title),
    description: dashboard.description,
    time_range: dashboard.timeRange,
    ...(dashboard.controls.length > 0 && {
      pinned_panels: dashboard.controls.map((control) => controlState(control, names)),
    }),
    panels: dashboard.panels.map((panel) => ({
      type: 'vis',
      id: panel.id,
      grid: panel.grid,
      config: {
        ...chart(panel),
        title: panel.title,
        ...(panel.description !== undefined && { description: panel.description }),
        ...(panel.timeRange !== undefined && { time_range: panel.timeRange }),
      },
    })),
  }
}

function controlState({ title, field, singleSelect }: Control, { failures }: Names): object {
  return {
    type: 'options_list_control',
    width: 'large',
    grow: true,
    config: {
      title,
      values_source: 'esql',
      esql_query: `FROM ${failures} | STATS BY ${field}`,
      single_select: singleSelect,
      selected_options: [],
    },
  }
}

function chart(panel: Panel): object {
  const { visualization, columns, query } = panel
  const source = { data_source: { type: 'esql', query } }
  if (visualization.kind === 'metric') {
    const { label } = columnNamed(visualization.value, panel)
    return { type: 'metric', ...source, metrics: [{ type: 'primary', column: visualization.value, label }] }
  }
  if (visualization.kind === 'table') {
    return { type: 'data_table', ...source, ...tableColumns(columns), styling: { paging: 20 } }
  }
  const { series, x, y, by } = visualization
  const several = by !== undefined || y.length > 1
  return {
    type: 'xy',
    legend: { visibility: several ? 'visible' : 'hidden', position: 'right' },
    axis: {
      x: { ...SCALE[scaleOf(columnNamed(x, panel))], title: { visible: false } },
      y: { title: { visible: false } },
    },
    layers: [
      {
        type: series,
        ...source,
        x: shown(columnNamed(x, panel)),
        y: y.map((name) => shown(columnNamed(name, panel))),
        ...(by !== undefined && { breakdown_by: { column: by } }),
      },
    ],
  }
}

const SCALE = {
  temporal: { scale: 'temporal', domain: { type: 'fit', rounding: false } },
  linear: { scale: 'linear' },
  ordinal: { scale: 'ordinal' },
} as const

function scaleOf({ type }: Column): keyof typeof SCALE {
  if (type === 'date') return 'temporal'
  return type === 'keyword' ? 'ordinal' : 'linear'
}

/** Numbers are metrics; everything else, and all where the table begins, is a row. */
function tableColumns(columns: readonly Column[]): object {
  const isNumber = ({ type }: Column): boolean => type === 'long' || type === 'double' || type === 'integer'
  const metrics = columns.filter(isNumber)
  const rows = columns.filter((column) => !isNumber(column))
  return { rows: rows.map(shown), metrics: metrics.map(shown) }
}

const shown = ({ name, label }: Column): object => ({ column: name, label })

function columnNamed(name: string, { columns }: Panel): Column {
  const column = columns.find((each) => each.name === name)
  if (column === undefined) throw new TypeError(`no such column: ${name}`)
  return column
}
