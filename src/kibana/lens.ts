import { createHash } from 'node:crypto'
import type { Column, ColumnType, Panel } from './model.js'

/**
 * A panel as a Lens visualization over ES|QL (`textBased`), the shape that Kibana 8.14 … 9.x saves. It refers to nothing
 * outside: its data view is its own (`adHocDataViews`), under the id that Kibana gives to it too, the digest of `esql-`
 * and the pattern.
 */
export function lensAttributes(panel: Panel): object {
  const layerId = `layer-${panel.id}`
  const pattern = patternOf(panel.query)
  const dataView = createHash('sha256').update(`esql-${pattern}`).digest('hex')
  return {
    title: panel.title,
    description: panel.description ?? '',
    visualizationType: TYPE[panel.visualization.kind],
    type: 'lens',
    references: [],
    state: {
      visualization: visualizationState(panel, layerId),
      query: { esql: panel.query },
      filters: [],
      datasourceStates: {
        textBased: {
          layers: {
            [layerId]: {
              index: dataView,
              query: { esql: panel.query },
              timeField: '@timestamp',
              columns: panel.columns.map((column) => columnState(column, panel)),
            },
          },
        },
      },
      internalReferences: [
        { type: 'index-pattern', id: dataView, name: `textBasedLanguages-datasource-layer-${layerId}` },
      ],
      adHocDataViews: {
        [dataView]: {
          id: dataView,
          title: pattern,
          name: pattern,
          timeFieldName: '@timestamp',
          type: 'esql',
          sourceFilters: [],
          fieldFormats: {},
          runtimeFieldMap: {},
          allowNoIndex: false,
          allowHidden: false,
          managed: false,
        },
      },
    },
  }
}

const TYPE = { metric: 'lnsMetric', xy: 'lnsXY', table: 'lnsDatatable' } as const

/** Kibana's own type for a type of ES|QL. */
const KIBANA_TYPE: Readonly<Record<ColumnType, string>> = {
  date: 'date',
  keyword: 'string',
  text: 'string',
  boolean: 'boolean',
  integer: 'number',
  long: 'number',
  double: 'number',
}

function patternOf(query: string): string {
  const [, pattern] = /^FROM (\S+)/.exec(query) ?? []
  return pattern ?? ''
}

/** Columns are known by their place, since a name may be a whole expression. */
function idOf(name: string, { columns }: Panel): string {
  return `column-${columns.findIndex((column) => column.name === name)}`
}

function columnState(column: Column, panel: Panel): object {
  const type = KIBANA_TYPE[column.type]
  return {
    columnId: idOf(column.name, panel),
    fieldName: column.name,
    label: column.label,
    customLabel: true,
    meta: { type, esType: column.type, params: { id: type } },
    ...(isMetric(column.name, panel) && { inMetricDimension: true }),
  }
}

function isMetric(name: string, { visualization }: Panel): boolean {
  if (visualization.kind === 'metric') return visualization.value === name
  return visualization.kind === 'xy' && visualization.y.includes(name)
}

function visualizationState(panel: Panel, layerId: string): object {
  const { visualization, columns } = panel
  const layer = { layerId, layerType: 'data' }
  if (visualization.kind === 'metric') return { ...layer, metricAccessor: idOf(visualization.value, panel) }
  if (visualization.kind === 'table') {
    return {
      ...layer,
      columns: columns.map(({ name }) => ({ columnId: idOf(name, panel) })),
      paging: { size: 20, enabled: true },
    }
  }
  const { series, x, y, by } = visualization
  return {
    preferredSeriesType: series,
    legend: { isVisible: by !== undefined || y.length > 1, position: 'right' },
    valueLabels: 'hide',
    fittingFunction: 'None',
    axisTitlesVisibilitySettings: { x: false, yLeft: false, yRight: false },
    layers: [
      {
        ...layer,
        seriesType: series,
        xAccessor: idOf(x, panel),
        accessors: y.map((name) => idOf(name, panel)),
        ...(by !== undefined && { splitAccessor: idOf(by, panel) }),
        position: 'top',
        showGridlines: false,
      },
    ],
  }
}
