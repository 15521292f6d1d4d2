import { createHash } from 'node:crypto'

/**
 * What an object of Elasticsearch says, one line for each thing that can differ: `field edgemicro.target` is
 * `keyword, ignore_above 1024`. The same for what we send and for what the server gives back, which nests settings
 * under `index`, turns numbers into texts, adds empty lists and orders keys as it likes. `_meta` and `version` are no
 * part of it.
 */
export type NormalForm = ReadonlyMap<string, string>

export interface Difference {
  readonly path: string
  /** Null where the line is on the other side alone. */
  readonly before: string | null
  readonly after: string | null
}

export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Of the body of an index template, as it is sent and as `GET _index_template` has it. */
export function templateForm(body: JsonObject): NormalForm {
  const lines = new Map<string, string>()
  // By name: newer servers add dates of creation and change.
  for (const key of TEMPLATE_KEYS) addLine(lines, key, body[key])
  const { settings, mappings, aliases, ...rest } = objectOf(body.template)
  for (const [key, value] of Object.entries(rest)) addLine(lines, key, value)
  addSettings(lines, objectOf(settings), [])
  for (const [alias, value] of Object.entries(objectOf(aliases))) lines.set(`alias ${alias}`, textOf(value))
  const { properties, _meta, ...parameters } = objectOf(mappings)
  for (const [key, value] of Object.entries(parameters)) addLine(lines, `mapping ${key}`, value)
  addFields(lines, objectOf(properties), [])
  return sorted(lines)
}

/** Of a lifecycle policy: what stands under `policy`. */
export function policyForm(policy: JsonObject): NormalForm {
  const lines = new Map<string, string>()
  const { phases, _meta, ...rest } = policy
  for (const [key, value] of Object.entries(rest)) addLine(lines, key, value)
  for (const [phase, value] of Object.entries(objectOf(phases))) {
    const { actions, min_age, ...more } = objectOf(value)
    // The server's default.
    lines.set(`${phase} min_age`, textOf(min_age ?? '0ms'))
    for (const [key, each] of Object.entries(more)) addLine(lines, `${phase} ${key}`, each)
    for (const [action, each] of Object.entries(objectOf(actions))) lines.set(`${phase} ${action}`, textOf(each))
  }
  return sorted(lines)
}

/** Names the content: 32 hexadecimal digits. */
export function digestOf(form: NormalForm): string {
  return createHash('sha256')
    .update(JSON.stringify([...form]))
    .digest('hex')
    .slice(0, 32)
}

/** In the order of their paths. */
export function differencesBetween(before: NormalForm, after: NormalForm): readonly Difference[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort()
  return paths
    .map((path) => ({ path, before: before.get(path) ?? null, after: after.get(path) ?? null }))
    .filter((difference) => difference.before !== difference.after)
}

/** The object, or an empty one for anything else. */
export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !isList(value) ? value : {}
}

const TEMPLATE_KEYS = [
  'index_patterns',
  'priority',
  'composed_of',
  'ignore_missing_component_templates',
  'data_stream',
  'allow_auto_create',
  'deprecated',
]

function addLine(lines: Map<string, string>, key: string, value: Json | undefined): void {
  if (value === undefined || value === null) return
  const isEmptyList = isList(value) && value.length === 0
  if (!isEmptyList) lines.set(key, textOf(value))
}

/** Flat or nested, with `index` or without. */
function addSettings(lines: Map<string, string>, settings: JsonObject, above: readonly string[]): void {
  for (const [key, value] of Object.entries(settings)) {
    const path = [...above, key]
    if (typeof value === 'object' && value !== null && !isList(value)) addSettings(lines, value, path)
    else if (value !== null) lines.set(`setting index.${path.join('.').replace(/^index\./, '')}`, textOf(value))
  }
}

function addFields(lines: Map<string, string>, properties: JsonObject, above: readonly string[]): void {
  for (const [name, value] of Object.entries(properties)) {
    const path = [...above, name]
    const { properties: inner, type, ...parameters } = objectOf(value)
    const isPlainObject = inner !== undefined && (type === undefined || type === 'object')
    const words = Object.entries(parameters)
      .map(([key, parameter]) => `${key} ${textOf(parameter)}`)
      .sort()
    if (!isPlainObject || words.length > 0) {
      lines.set(`field ${path.join('.')}`, [textOf(type ?? 'object'), ...words].join(', '))
    }
    addFields(lines, objectOf(inner), path)
  }
}

/** Scalars as the server writes them, `1` and `"1"` alike; objects with their keys in order. */
function textOf(value: Json): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (isList(value)) return `[${value.map(nested).join(', ')}]`
  const entries = Object.keys(value).sort()
  return `{${entries.map((key) => `${JSON.stringify(key)}: ${nested(value[key])}`).join(', ')}}`
}

function nested(value: Json): string {
  return typeof value === 'object' && value !== null ? textOf(value) : JSON.stringify(String(value))
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function sorted(lines: ReadonlyMap<string, string>): NormalForm {
  return new Map([...lines].sort(([a], [b]) => (a < b ? -1 : 1)))
}
