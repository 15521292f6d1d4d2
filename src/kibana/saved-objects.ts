import { dashboards } from './dashboards/all.js'
import { lensAttributes } from './lens.js'
import type { Control, Dashboard, Panel } from './model.js'
import { type Names, namesFor, objectId, type Placement } from './names.js'

export interface Reference {
  readonly type: string
  readonly id: string
  readonly name: string
}

/** One line of an export file, in the envelope that Kibana gives to it since 8.8. */
export interface SavedObject {
  readonly type: 'dashboard' | 'index-pattern' | 'search'
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly references: readonly Reference[]
  readonly coreMigrationVersion: string
  readonly typeMigrationVersion: string
  readonly managed: boolean
}

export interface Shape extends Placement {
  /** Whether Kibana binds `?_tstart` and `?_tend`: since 8.16. */
  readonly bindsTimeRange: boolean
}

/**
 * Everything that is imported: one data view, one search for Discover, the dashboards. References stay within.
 *
 * Each one carries the oldest version that knows its features: Kibana refuses what is newer than itself, and takes what
 * has no version for something of Kibana 7.
 */
export function savedObjects(shape: Shape): readonly SavedObject[] {
  const names = namesFor(shape.prefix, shape.bindsTimeRange ? 'range' : 'fixed')
  return [
    dataView(names, shape),
    search(shape),
    ...dashboards(names).map((dashboard) => dashboardObject(dashboard, shape)),
  ]
}

/** As an export file: an object a line, the last line counts them. */
export function exportFile(objects: readonly SavedObject[]): string {
  const details = {
    excludedObjects: [],
    excludedObjectsCount: 0,
    exportedCount: objects.length,
    missingRefCount: 0,
    missingReferences: [],
  }
  return [...objects, details].map((each) => `${JSON.stringify(each)}\n`).join('')
}

function dataView({ failures }: Names, shape: Placement): SavedObject {
  const formats = { 'event.duration': { id: 'duration', params: { inputFormat: 'nanoseconds' } } }
  return {
    ...envelope('index-pattern', objectId(shape, 'failures'), '8.0.0'),
    attributes: {
      title: failures,
      name: titled(shape, 'Failed requests'),
      timeFieldName: '@timestamp',
      fields: '[]',
      fieldAttrs: '{}',
      fieldFormatMap: JSON.stringify(formats),
      runtimeFieldMap: '{}',
      sourceFilters: '[]',
      typeMeta: '{}',
    },
    references: [],
  }
}

const SEARCH_COLUMNS = [
  'edgemicro.target',
  'edgemicro.cause',
  'error.code',
  'http.response.status_code',
  'edgemicro.proxy',
  'edgemicro.gateway',
  'http.request.id',
]

function search(shape: Placement): SavedObject {
  const index = 'kibanaSavedObjectMeta.searchSourceJSON.index'
  const source = { query: { query: '', language: 'kuery' }, filter: [], highlightAll: true, version: true }
  return {
    ...envelope('search', objectId(shape, 'failed-requests'), '8.0.0'),
    attributes: {
      title: titled(shape, 'Failed requests'),
      description: 'Every failed request with its target, cause and correlation id.',
      hits: 0,
      columns: SEARCH_COLUMNS,
      sort: [['@timestamp', 'desc']],
      grid: {},
      hideChart: false,
      isTextBasedQuery: false,
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ ...source, indexRefName: index }) },
    },
    references: [{ type: 'index-pattern', id: objectId(shape, 'failures'), name: index }],
  }
}

function dashboardObject(dashboard: Dashboard, shape: Placement): SavedObject {
  const { controls } = dashboard
  return {
    ...envelope('dashboard', objectId(shape, dashboard.id), '8.9.0'),
    attributes: {
      title: titled(shape, dashboard.title),
      description: dashboard.description,
      hits: 0,
      version: 1,
      timeRestore: true,
      timeFrom: dashboard.timeRange.from,
      timeTo: dashboard.timeRange.to,
      refreshInterval: { pause: true, value: 60_000 },
      optionsJSON: JSON.stringify({
        useMargins: true,
        syncColors: true,
        syncCursor: true,
        syncTooltips: false,
        hidePanelTitles: false,
      }),
      kibanaSavedObjectMeta: {
        searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }),
      },
      panelsJSON: JSON.stringify(dashboard.panels.map(panelState)),
      ...(controls.length > 0 && { controlGroupInput: controlGroup(controls) }),
    },
    references: controls.map(({ id }) => ({
      type: 'index-pattern',
      id: objectId(shape, 'failures'),
      name: `controlGroup_${id}:optionsListDataView`,
    })),
  }
}

function panelState(panel: Panel): object {
  return {
    type: 'lens',
    panelIndex: panel.id,
    gridData: { ...panel.grid, i: panel.id },
    title: panel.title,
    embeddableConfig: {
      enhancements: {},
      attributes: lensAttributes(panel),
      ...(panel.timeRange !== undefined && { timeRange: panel.timeRange }),
    },
  }
}

function controlGroup(controls: readonly Control[]): object {
  const panels = controls.map(({ id, title, field, singleSelect }, order) => [
    id,
    {
      order,
      width: 'large',
      grow: true,
      type: 'optionsListControl',
      explicitInput: { id, title, fieldName: field, singleSelect, selectedOptions: [], enhancements: {} },
    },
  ])
  return {
    controlStyle: 'oneLine',
    chainingSystem: 'HIERARCHICAL',
    panelsJSON: JSON.stringify(Object.fromEntries(panels)),
    ignoreParentSettingsJSON: JSON.stringify({
      ignoreFilters: false,
      ignoreQuery: false,
      ignoreTimerange: false,
      ignoreValidations: false,
    }),
  }
}

/** Titles are what people see in lists: the prefix tells installations apart. */
export const titled = ({ prefix }: Placement, title: string): string => `[${prefix}] ${title}`

function envelope<Type extends SavedObject['type']>(type: Type, id: string, typeMigrationVersion: string) {
  return { type, id, managed: false, coreMigrationVersion: '8.8.0', typeMigrationVersion }
}
