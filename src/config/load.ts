import { basename, extname } from 'node:path'
import { type Place, readYaml, type YamlDocument } from './document.js'
import { type Fault, formatPath, PipelineConfigError } from './faults.js'
import { faultsOf, type UnplacedFault } from './issues.js'
import { applyOverride, type Override, type ReadOverride, readOverride } from './overrides.js'
import { type PipelineConfig, pipelineSchema } from './schema.js'
import { type Environment, replaceVariables } from './variables.js'

/** What a pipeline's text does not say itself. */
export interface LoadOptions {
  /** Names the file in messages; its base name is the default of `name`. */
  readonly file: string
  readonly environment: Environment
  /** `path.to.option=value`, in order; a later one wins. */
  readonly overrides?: readonly string[]
}

/**
 * Reads a pipeline file: YAML, then overrides, then variables (in values alone, never in keys, never in overrides), then
 * the schema. Throws `PipelineConfigError` with everything that is wrong at once; nothing else, whatever the text.
 */
export function loadPipeline(text: string, { file, environment, overrides = [] }: LoadOptions): PipelineConfig {
  const document = readYaml(text)
  const read = overrides.map(readOverride)
  const applied = read.filter((override): override is Override => !('fault' in override))
  const faults: Fault[] = [...document.faults, ...read.flatMap(overrideFault)]
  if (!document.usable) throw new PipelineConfigError(file, faults)

  const overridden = applied.reduce<unknown>(applyOverride, document.data ?? {})
  const replaced = replaceEverywhere({ data: overridden, overrides: applied, environment })
  const checked = check(withName(replaced.data, file))
  // A value whose variable is missing has one fault, not a second one for what is left of it.
  const told = new Set(replaced.faults.map(({ path }) => formatPath(path)))
  const unplaced = [...replaced.faults, ...checked.faults.filter(({ path }) => !told.has(formatPath(path)))]
  faults.push(...unplaced.map((fault) => placed(fault, { document, overrides: applied })))
  if (checked.config === null || faults.length > 0) throw new PipelineConfigError(file, faults)
  return checked.config
}

function overrideFault(override: ReadOverride): readonly Fault[] {
  return 'fault' in override ? [{ line: null, column: null, path: '', message: override.fault, suggestion: null }] : []
}

interface Replacement {
  readonly data: unknown
  readonly overrides: readonly Override[]
  readonly environment: Environment
}

function replaceEverywhere({ data, overrides, environment }: Replacement): {
  readonly data: unknown
  readonly faults: readonly UnplacedFault[]
} {
  const faults: UnplacedFault[] = []
  const fixed = new Set(overrides.map(({ path }) => formatPath(path)))
  const visit = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (fixed.has(formatPath(path))) return value
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]))
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, visit(entry, [...path, key])]))
    }
    if (typeof value !== 'string') return value
    const replaced = replaceVariables(value, environment)
    if ('text' in replaced) return replaced.text
    faults.push({ path, message: replaced.fault, suggestion: null, part: 'value' })
    return value
  }
  return { data: visit(data, []), faults }
}

function withName(data: unknown, file: string): unknown {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || Object.hasOwn(data, 'name')) return data
  return { ...data, name: nameOf(file) }
}

/** The name goes into file names: what could not stand there becomes `-`. */
function nameOf(file: string): string {
  const base = basename(file)
  const safe = base.slice(0, base.length - extname(base).length).replace(/[^A-Za-z0-9._-]/g, '-')
  return safe.replace(/^[^A-Za-z0-9]+/, '').slice(0, 100) || 'pipeline'
}

function check(data: unknown): { readonly config: PipelineConfig | null; readonly faults: readonly UnplacedFault[] } {
  const result = pipelineSchema.safeParse(data, { reportInput: true })
  if (result.success) return { config: result.data, faults: [] }
  return { config: null, faults: result.error.issues.flatMap((issue) => faultsOf(issue, pipelineSchema)) }
}

interface Origin {
  readonly document: YamlDocument
  readonly overrides: readonly Override[]
}

function placed({ path, message, suggestion, part }: UnplacedFault, { document, overrides }: Origin): Fault {
  const { line, column } = placeOf({ path, part, document, overrides })
  return { line, column, path: formatPath(path), message, suggestion }
}

function placeOf({
  path,
  part,
  document,
  overrides,
}: Origin & Pick<UnplacedFault, 'path' | 'part'>): Place | { readonly line: null; readonly column: null } {
  const inOverride = overrides.some(
    ({ path: set }) => beginsWith(path, set) || (beginsWith(set, path) && !isIn(document.data, path)),
  )
  return inOverride ? { line: null, column: null } : document.locate(path, part)
}

function beginsWith(path: readonly PropertyKey[], start: readonly PropertyKey[]): boolean {
  return start.every((key, index) => path[index] === key)
}

/** Whether the file itself has something at the path. */
function isIn(data: unknown, [key, ...rest]: readonly PropertyKey[]): boolean {
  if (key === undefined) return true
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, key)) return false
  return isIn((data as Readonly<Record<PropertyKey, unknown>>)[key], rest)
}
