import { closestMatch } from 'leven'
import type { z } from 'zod'
import { keysAt, optionsOf } from './option-walk.js'

/** A fault whose place in the file is still to be found. */
export interface UnplacedFault {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly suggestion: string | null
  /** Whether the option's name or its value is at fault. */
  readonly part: 'key' | 'value'
}

/** The faults behind one issue of the validation; an unknown key names the nearest right one. */
export function faultsOf(issue: z.core.$ZodIssue, schema: z.core.$ZodType): readonly UnplacedFault[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, ...describeValue(issue), part: 'value' }]
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: 'unknown option',
    suggestion: nearestKey(key, { path: issue.path, schema }),
    part: 'key',
  }))
}

/** The nearest of some words, if it is near enough to be meant. */
export function nearest(word: string, words: readonly string[]): string | null {
  const byLowerCase = new Map(words.map((candidate) => [candidate.toLowerCase(), candidate]))
  // Two letters that changed places are two edits: `tial` must find `tail`.
  const maxDistance = word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))
  // Long words cannot be near any option, and distance costs their length.
  const match =
    word.length > 64 ? undefined : closestMatch(word.toLowerCase(), [...byLowerCase.keys()], { maxDistance })
  return match === undefined ? null : (byLowerCase.get(match) ?? null)
}

interface Section {
  readonly path: readonly PropertyKey[]
  readonly schema: z.core.$ZodType
}

/** A key of the same section, else the option of that very name that stands elsewhere. */
function nearestKey(key: string, { path, schema }: Section): string | null {
  const here = nearest(key, keysAt(schema, path))
  if (here !== null) return here
  const elsewhere = optionsOf(schema).filter(({ name }) => name.endsWith(`.${key}`))
  return elsewhere.length === 1 ? elsewhere[0].name : null
}

function describeValue(issue: z.core.$ZodIssue): { readonly message: string; readonly suggestion: string | null } {
  switch (issue.code) {
    case 'invalid_type':
      return plain(
        issue.input === undefined
          ? 'missing; this option has no default'
          : `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}, not ${typeName(issue.input)}`,
      )
    case 'invalid_value': {
      const words = issue.values.map(String)
      const message =
        issue.input === undefined ? 'missing; this option has no default' : `must be one of ${words.join(', ')}`
      return { message, suggestion: typeof issue.input === 'string' ? nearest(issue.input, words) : null }
    }
    case 'too_small':
      return plain(issue.origin === 'array' ? 'needs at least one entry' : `must be at least ${issue.minimum}`)
    case 'too_big':
      return plain(`must be at most ${issue.maximum}`)
    default:
      return plain(issue.message)
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section of options',
  array: 'a list',
}

function typeName(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number') return 'a number (quote it to make it text)'
  if (typeof value === 'boolean') return 'true or false (quote it to make it text)'
  return typeof value === 'object' ? 'a section of options' : 'text'
}

function plain(message: string): { readonly message: string; readonly suggestion: null } {
  return { message, suggestion: null }
}
