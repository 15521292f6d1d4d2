import { createHash } from 'node:crypto'
import { z } from 'zod'
import { issues, repeated } from './faults.js'

/**
 * Whether Lens could draw these attributes of a panel: one layer over one query, every accessor one of its columns, the
 * data view its own. One line for each fault.
 */
export function checkLens(attributes: unknown, at: string): readonly string[] {
  const lens = LENS.safeParse(attributes)
  if (!lens.success) return issues(lens.error, at)
  const { visualizationType, state } = lens.data
  const visualization = VISUALIZATIONS[visualizationType].safeParse(state.visualization)
  if (!visualization.success) return issues(visualization.error, at)
  const [[layerId, layer], ...more] = Object.entries(state.datasourceStates.textBased.layers)
  if (more.length > 0) return [`${at}: more than one layer`]
  const { esql } = state.query
  const pattern = /^FROM (\S+)/.exec(esql)?.[1] ?? ''
  const dataView = createHash('sha256').update(`esql-${pattern}`).digest('hex')
  const ids = layer.columns.map(({ columnId }) => columnId)
  const lost = accessors(visualization.data).filter((id) => !ids.includes(id))
  const named = state.internalReferences[0]
  return [
    ...(layer.query.esql === esql ? [] : [`${at}: the layer asks something else`]),
    ...lost.map((id) => `${at}: no such column ${id}`),
    ...repeated(ids).map((id) => `${at}: two columns ${id}`),
    ...(layersOf(visualization.data).every((id) => id === layerId) ? [] : [`${at}: draws another layer`]),
    ...(layer.index === dataView &&
    named.id === dataView &&
    dataView in state.adHocDataViews &&
    state.adHocDataViews[dataView].id === dataView &&
    state.adHocDataViews[dataView].title === pattern
      ? []
      : [`${at}: the data view is not that of ${pattern}`]),
    ...(named.name === `textBasedLanguages-datasource-layer-${layerId}` ? [] : [`${at}: refers to another layer`]),
    ...newerThan814(esql).map((name) => `${at}: not in every ES|QL from 8.14 on: ${name}`),
  ]
}

const COLUMN = z.strictObject({
  columnId: z.string(),
  fieldName: z.string(),
  label: z.string(),
  customLabel: z.literal(true),
  meta: z.strictObject({
    type: z.enum(['date', 'string', 'number', 'boolean']),
    esType: z.enum(['date', 'keyword', 'text', 'boolean', 'integer', 'long', 'double']),
    params: z.strictObject({ id: z.string() }),
  }),
  inMetricDimension: z.literal(true).optional(),
})

const SERIES = z.enum(['bar', 'bar_stacked', 'bar_horizontal', 'line', 'area'])
const LAYER = { layerId: z.string(), layerType: z.literal('data') }

const VISUALIZATIONS = {
  lnsMetric: z.strictObject({ ...LAYER, metricAccessor: z.string() }),
  lnsDatatable: z.strictObject({
    ...LAYER,
    columns: z.array(z.strictObject({ columnId: z.string() })).min(1),
    paging: z.strictObject({ size: z.int(), enabled: z.boolean() }).optional(),
  }),
  lnsXY: z.strictObject({
    preferredSeriesType: SERIES,
    legend: z.strictObject({ isVisible: z.boolean(), position: z.enum(['right', 'bottom', 'top', 'left']) }),
    valueLabels: z.enum(['hide', 'show']),
    fittingFunction: z.enum(['None', 'Zero', 'Linear', 'Carry', 'Lookahead']),
    axisTitlesVisibilitySettings: z.strictObject({ x: z.boolean(), yLeft: z.boolean(), yRight: z.boolean() }),
    layers: z
      .array(
        z.strictObject({
          ...LAYER,
          seriesType: SERIES,
          xAccessor: z.string(),
          splitAccessor: z.string().optional(),
          accessors: z.array(z.string()).min(1),
          position: z.literal('top'),
          showGridlines: z.boolean(),
        }),
      )
      .length(1),
  }),
} as const

const LENS = z.strictObject({
  title: z.string(),
  description: z.string(),
  type: z.literal('lens'),
  visualizationType: z.enum(['lnsMetric', 'lnsDatatable', 'lnsXY']),
  references: z.array(z.unknown()).length(0),
  state: z.strictObject({
    visualization: z.unknown(),
    query: z.strictObject({ esql: z.string().min(1) }),
    filters: z.array(z.unknown()).length(0),
    datasourceStates: z.strictObject({
      textBased: z.strictObject({
        layers: z.record(
          z.string(),
          z.strictObject({
            index: z.string(),
            query: z.strictObject({ esql: z.string() }),
            timeField: z.literal('@timestamp'),
            columns: z.array(COLUMN).min(1),
          }),
        ),
      }),
    }),
    internalReferences: z
      .array(z.strictObject({ type: z.literal('index-pattern'), id: z.string(), name: z.string() }))
      .length(1),
    adHocDataViews: z.record(
      z.string(),
      z.looseObject({
        id: z.string(),
        title: z.string(),
        type: z.literal('esql'),
        timeFieldName: z.literal('@timestamp'),
      }),
    ),
  }),
})

/** Functions and commands that Elasticsearch 8.14 has, in every subscription, as far as we use them. */
const KNOWN_FUNCTIONS: readonly string[] = [
  ...['COUNT', 'COUNT_DISTINCT', 'SUM', 'MIN', 'MAX', 'CASE', 'COALESCE', 'ROUND', 'FLOOR', 'CONCAT', 'TO_STRING'],
  ...['NOW', 'DATE_TRUNC', 'DATE_DIFF', 'BUCKET'],
]
const KNOWN_COMMANDS: readonly string[] = ['FROM', 'WHERE', 'EVAL', 'STATS', 'KEEP', 'SORT', 'LIMIT']

/** What of a query is newer than 8.14, or not free. Conditions of single aggregations came with 8.16, casts with 8.15. */
function newerThan814(esql: string): readonly string[] {
  const code = esql.replace(/"[^"]*"/g, '""')
  const commands = code.split('|').map((command) => command.trim().split(/\s/)[0])
  const functions = [...code.matchAll(/\b([A-Za-z_]+)\(/g)].map(([, name]) => name)
  return [
    ...commands.filter((name) => !KNOWN_COMMANDS.includes(name)),
    ...functions.filter((name) => !KNOWN_FUNCTIONS.includes(name)),
    ...(code.match(/::|\)\s+WHERE\b/g) ?? []),
  ]
}

type Drawn = z.output<(typeof VISUALIZATIONS)[keyof typeof VISUALIZATIONS]>

function accessors(drawn: Drawn): readonly string[] {
  if ('metricAccessor' in drawn) return [drawn.metricAccessor]
  if ('columns' in drawn) return drawn.columns.map(({ columnId }) => columnId)
  return drawn.layers.flatMap(({ xAccessor, splitAccessor, accessors: y }) => [
    xAccessor,
    ...y,
    ...(splitAccessor === undefined ? [] : [splitAccessor]),
  ])
}

const layersOf = (drawn: Drawn): readonly string[] =>
  'layers' in drawn ? drawn.layers.map(({ layerId }) => layerId) : [drawn.layerId]
