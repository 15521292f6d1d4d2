import type { z } from 'zod'
import { type OptionFacts, optionFacts } from './option-types.js'

/** One option of a schema. */
export interface Option extends OptionFacts {
  /** With dots between sections and `[]` for the items of a list of sections: `sinks[].duckdb.path`. */
  readonly name: string
  /** The default as people write it; undefined where there is none. */
  readonly defaultText: string | undefined
  readonly required: boolean
}

/** The options of a schema, in the order of their declaration. */
export function optionsOf(schema: z.core.$ZodType): readonly Option[] {
  return visit(schema, { name: '', defaultText: undefined, required: true })
}

/**
 * The names that may stand in the section at a path (`['sinks', 0, 'duckdb']`): none where the path leads to no
 * section.
 */
export function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let inner = unwrap(schema).inner
  for (const key of path) {
    const { def } = inner._zod
    if (isArrayDef(def)) inner = unwrap(def.element).inner
    else if (isObjectDef(def) && typeof key === 'string' && Object.hasOwn(def.shape, key))
      inner = unwrap(def.shape[key]).inner
    else return []
  }
  const { def } = inner._zod
  return isObjectDef(def) ? Object.keys(def.shape) : []
}

interface Place {
  readonly name: string
  readonly defaultText: string | undefined
  readonly required: boolean
}

function visit(schema: z.core.$ZodType, place: Place): readonly Option[] {
  const { inner, facts, fallback, optional } = unwrap(schema)
  const here = { ...place, required: !optional, defaultText: facts?.computedDefault ?? asWritten(fallback) }
  if (facts !== undefined) return [{ ...here, ...facts }]
  const { def } = inner._zod
  if (isArrayDef(def)) return visit(def.element, { ...here, name: `${here.name}[]` })
  if (!isObjectDef(def)) return []
  const prefix = here.name === '' ? '' : `${here.name}.`
  return Object.entries(def.shape).flatMap(([key, entry]) => visit(entry, { ...here, name: `${prefix}${key}` }))
}

interface Unwrapped {
  /** The schema inside optional, default and transform. */
  readonly inner: z.core.$ZodType
  readonly facts: OptionFacts | undefined
  readonly fallback: unknown
  readonly optional: boolean
}

function unwrap(schema: z.core.$ZodType): Unwrapped {
  let inner = schema
  let fallback: unknown
  let optional = false
  for (;;) {
    const facts = optionFacts.get(inner)
    const next = facts === undefined ? wrapped(inner) : undefined
    if (next === undefined) return { inner, facts, fallback, optional }
    const { def } = inner._zod
    if (def.type === 'default' || def.type === 'prefault') fallback = (def as z.core.$ZodDefaultDef).defaultValue
    if (def.type !== 'pipe') optional = true
    inner = next
  }
}

function wrapped({ _zod: { def } }: z.core.$ZodType): z.core.$ZodType | undefined {
  switch (def.type) {
    case 'default':
    case 'prefault':
    case 'optional':
      return (def as z.core.$ZodOptionalDef).innerType
    case 'pipe': {
      // What reads the value before it is checked (`preprocess`) stands in front, what renames it afterwards behind.
      const { in: first, out } = def as z.core.$ZodPipeDef
      return first._zod.def.type === 'transform' ? out : first
    }
    default:
      return undefined
  }
}

function isArrayDef(def: z.core.$ZodTypeDef): def is z.core.$ZodArrayDef {
  return def.type === 'array'
}

function isObjectDef(def: z.core.$ZodTypeDef): def is z.core.$ZodObjectDef {
  return def.type === 'object'
}

function asWritten(value: unknown): string | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? `\`${value}\`` : `\`${JSON.stringify(value)}\``
}
