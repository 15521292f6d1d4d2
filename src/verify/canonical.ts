import { createHash } from 'node:crypto'

/**
 * A document as text, the same for two that say the same: keys in order, no blanks. A lone surrogate is U+FFFD, as
 * stores keep it. Null and an absent field are two things.
 */
export function canonicalText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.replace(/\p{Surrogate}/gu, '\ufffd'))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  const fields = value as Readonly<Record<string, unknown>>
  const present = Object.keys(fields).filter((key) => fields[key] !== undefined)
  return `{${present.sort().map((key) => `${JSON.stringify(key)}:${canonicalText(fields[key])}`)}}`
}

/** 16 bytes, one per character, that stand for a canonical text; small, because one is held for each document of the input. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest().toString('latin1', 0, 16)
}
