import type { DocumentKind } from '../sinks/stored.js'

/**
 * `missing`: of the input, not in the store. `only_in_store`: in the store, not of the input, though it must be.
 * `different`: not all fields are the same. `duplicate`: more than one document under one id.
 */
export const DIFFERENCES = ['missing', 'only_in_store', 'different', 'duplicate'] as const

export type DifferenceKind = (typeof DIFFERENCES)[number]

export interface Difference {
  readonly difference: DifferenceKind
  readonly kind: DocumentKind
  /** The input's id where it has one, else the store's. */
  readonly id: string
}

/** A difference with what both sides say. */
export interface DescribedDifference extends Difference {
  /** Event time; null where neither side could tell it. */
  readonly timestamp: string | null
  /** Gateway of a failure, partition of traffic. */
  readonly origin: string | null
  /** Tables or indices where the store has it. */
  readonly places: readonly string[]
  /** Of a `different` one: what differs, by its path (`edgemicro.target_halves[0].offset`). */
  readonly fields: readonly FieldDifference[]
}

/** An absent side means that the field is absent there. */
export interface FieldDifference {
  readonly field: string
  readonly input?: unknown
  readonly store?: unknown
}

/** The fields in which two documents differ, in the order of their paths. */
export function differingFields(input: unknown, store: unknown): readonly FieldDifference[] {
  const ours = leavesOf(input)
  const theirs = leavesOf(store)
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].sort()
  return paths
    .filter((path) => !ours.has(path) || !theirs.has(path) || !isSame(ours.get(path), theirs.get(path)))
    .map((field) => ({
      field,
      ...(ours.has(field) && { input: ours.get(field) }),
      ...(theirs.has(field) && { store: theirs.get(field) }),
    }))
}

/** Every value by its path; an empty object or list is a value. */
function leavesOf(document: unknown): ReadonlyMap<string, unknown> {
  const leaves = new Map<string, unknown>()
  const visit = (value: unknown, path: string): void => {
    const parts = partsOf(value, path)
    if (parts.length > 0) for (const [child, childPath] of parts) visit(child, childPath)
    else if (value !== undefined) leaves.set(path, value)
  }
  visit(document, '')
  return leaves
}

function partsOf(value: unknown, path: string): readonly (readonly [value: unknown, path: string])[] {
  if (Array.isArray(value)) return value.map((each, index) => [each, `${path}[${index}]`])
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).map(([key, each]) => [each, path === '' ? key : `${path}.${key}`])
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
