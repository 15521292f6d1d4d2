import { z } from 'zod'
import { issues, json, repeated } from './faults.js'
import { checkLens } from './lens-gate.js'

/**
 * What must hold for a file of saved objects, so that Kibana 8.14 … 9.x imports it and every panel can be drawn. Written
 * from what Kibana's source and documentation say of the formats, not from our generator. Gives one line for each fault.
 */
export function checkSavedObjects(ndjson: string): readonly string[] {
  const lines = ndjson.split('\n')
  if (lines.pop() !== '') return ['the last line has no end']
  const parsed = lines.map((line, index) => json(line, `line ${index + 1}`))
  const faults = parsed.filter((each): each is string => typeof each === 'string')
  if (faults.length > 0) return faults
  const details = parsed.pop()
  const objects = parsed as readonly Loose[]
  return [
    ...(DETAILS.safeParse(details).success ? [] : ['the last line is no export details']),
    ...((details as Loose)?.exportedCount === objects.length ? [] : ['the last line counts wrong']),
    ...repeated(objects.map(({ type, id }) => `${type} ${id}`)).map((each) => `twice: ${each}`),
    ...objects.flatMap((object) => checkObject(object, objects)),
  ]
}

type Loose = Readonly<Record<string, unknown>>

/** The newest versions that Kibana 8.14 knows, and the oldest with what we use (kibana.md, section 2). */
export const VERSIONS: Readonly<Record<string, string>> = {
  dashboard: '8.9.0',
  'index-pattern': '8.0.0',
  search: '8.0.0',
}

const DETAILS = z.strictObject({
  excludedObjects: z.array(z.unknown()).length(0),
  excludedObjectsCount: z.literal(0),
  exportedCount: z.int(),
  missingRefCount: z.literal(0),
  missingReferences: z.array(z.unknown()).length(0),
})

const ENVELOPE = z.strictObject({
  type: z.enum(['dashboard', 'index-pattern', 'search']),
  id: z.string().regex(/^[a-z0-9-]+$/),
  attributes: z.record(z.string(), z.unknown()),
  references: z.array(z.strictObject({ type: z.string(), id: z.string(), name: z.string() })),
  managed: z.literal(false),
  coreMigrationVersion: z.literal('8.8.0'),
  typeMigrationVersion: z.string(),
})

const META = z.strictObject({ searchSourceJSON: z.string() })

/** Attributes of the first model version; Kibana forbids others when it creates. */
export const ATTRIBUTES: Readonly<Record<string, z.ZodType>> = {
  dashboard: z.strictObject({
    title: z.string().min(1),
    description: z.string().optional(),
    kibanaSavedObjectMeta: META,
    timeRestore: z.boolean().optional(),
    timeFrom: z.string().optional(),
    timeTo: z.string().optional(),
    refreshInterval: z.strictObject({ pause: z.boolean(), value: z.number() }).optional(),
    controlGroupInput: z
      .strictObject({
        panelsJSON: z.string(),
        controlStyle: z.string(),
        chainingSystem: z.string(),
        ignoreParentSettingsJSON: z.string(),
      })
      .optional(),
    panelsJSON: z.string(),
    optionsJSON: z.string(),
    hits: z.number().optional(),
    version: z.number().optional(),
  }),
  'index-pattern': z.strictObject({
    title: z.string().min(1),
    name: z.string(),
    timeFieldName: z.string(),
    fields: z.string(),
    fieldAttrs: z.string(),
    fieldFormatMap: z.string(),
    runtimeFieldMap: z.string(),
    sourceFilters: z.string(),
    typeMeta: z.string(),
  }),
  search: z.strictObject({
    title: z.string().min(1),
    description: z.string(),
    hits: z.number(),
    columns: z.array(z.string()),
    sort: z.array(z.tuple([z.string(), z.enum(['asc', 'desc'])])),
    grid: z.record(z.string(), z.unknown()),
    hideChart: z.boolean(),
    isTextBasedQuery: z.boolean(),
    kibanaSavedObjectMeta: META,
  }),
}

function checkObject(object: Loose, all: readonly Loose[]): readonly string[] {
  const at = `${object.type} ${object.id}`
  const envelope = ENVELOPE.safeParse(object)
  if (!envelope.success) return issues(envelope.error, at)
  const { type, attributes, references, typeMigrationVersion } = envelope.data
  const shape = ATTRIBUTES[type].safeParse(attributes)
  const faults = [
    ...(typeMigrationVersion === VERSIONS[type] ? [] : [`${at}: typeMigrationVersion ${typeMigrationVersion}`]),
    ...(shape.success ? [] : issues(shape.error, `${at} attributes`)),
    ...embeddedJson(attributes, at),
    ...references
      .filter((reference) => !all.some((each) => each.type === reference.type && each.id === reference.id))
      .map((reference) => `${at}: refers to what is not in the file: ${reference.type} ${reference.id}`),
  ]
  if (faults.length > 0 || type !== 'dashboard') return faults
  return [...checkControls(attributes, references, at), ...checkPanels(JSON.parse(String(attributes.panelsJSON)), at)]
}

function embeddedJson(value: unknown, at: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, each]) => {
    if (!/(?:JSON|Map|fields|sourceFilters|typeMeta|fieldAttrs)$/.test(name) || typeof each !== 'string') {
      return embeddedJson(each, at)
    }
    return typeof json(each, '') === 'string' ? [`${at}: ${name} is no JSON`] : []
  })
}

/** Each control finds its data view by the name of a reference. */
function checkControls(
  attributes: Loose,
  references: readonly { readonly name: string }[],
  at: string,
): readonly string[] {
  const input = attributes.controlGroupInput as { readonly panelsJSON: string } | undefined
  const controls = Object.keys(input === undefined ? {} : JSON.parse(input.panelsJSON))
  const wanted = controls.map((id) => `controlGroup_${id}:optionsListDataView`).sort()
  const given = references.map(({ name }) => name).sort()
  return JSON.stringify(wanted) === JSON.stringify(given) ? [] : [`${at}: references ${given} do not fit ${wanted}`]
}

const PANEL = z.strictObject({
  type: z.literal('lens'),
  panelIndex: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string().min(1),
  gridData: z.strictObject({
    x: z.int().min(0),
    y: z.int().min(0),
    w: z.int().min(1),
    h: z.int().min(1),
    i: z.string(),
  }),
  embeddableConfig: z.strictObject({
    enhancements: z.strictObject({}),
    timeRange: z.strictObject({ from: z.string(), to: z.string() }).optional(),
    attributes: z.unknown(),
  }),
})

type Panel = z.output<typeof PANEL>

function checkPanels(panels: readonly unknown[], at: string): readonly string[] {
  const checked = panels.map((panel) => PANEL.safeParse(panel))
  const faults = checked.flatMap((each, index) => (each.success ? [] : issues(each.error, `${at} panel ${index}`)))
  if (faults.length > 0) return faults
  const good = checked.map(({ data }) => data as Panel)
  return [
    ...repeated(good.map(({ panelIndex }) => panelIndex)).map((each) => `${at}: two panels ${each}`),
    ...good
      .filter(({ panelIndex, gridData }) => gridData.i !== panelIndex)
      .map(({ panelIndex }) => `${at} ${panelIndex}: grid of another panel`),
    ...good
      .filter(({ gridData }) => gridData.x + gridData.w > 48)
      .map(({ panelIndex }) => `${at} ${panelIndex}: wider than the grid`),
    ...good.flatMap((one, index) =>
      good
        .slice(index + 1)
        .filter((other) => overlap(one.gridData, other.gridData))
        .map((other) => `${at}: ${one.panelIndex} lies over ${other.panelIndex}`),
    ),
    ...good.flatMap(({ panelIndex, embeddableConfig }) =>
      checkLens(embeddableConfig.attributes, `${at} ${panelIndex}`),
    ),
  ]
}

type Grid = Panel['gridData']

function overlap(one: Grid, other: Grid): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h
}
