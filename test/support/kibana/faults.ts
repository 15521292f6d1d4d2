import type { ZodError } from 'zod'

/** What a text holds, or what is wrong with it. */
export function json(text: string, at: string): unknown {
  try {
    return Object(JSON.parse(text))
  } catch {
    return `${at}: no JSON`
  }
}

/** Values that stand there more than once. */
export function repeated(values: readonly string[]): readonly string[] {
  return values.filter((value, index) => values.indexOf(value) !== index)
}

/** What a schema found, one line each. */
export const issues = (error: ZodError, at: string): readonly string[] =>
  error.issues.map(({ path, message }) => `${at}: ${path.join('.')}: ${message}`)
