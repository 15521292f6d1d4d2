/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The text with its variables replaced, or what is wrong with them. */
export type Replaced = { readonly text: string } | { readonly fault: string }

const MAX_NESTING = 8

/**
 * Replaces `${NAME}` and `${NAME:-default}` in one value. The default stands for a variable that is unset or empty; it
 * may hold `{…}` pairs (globs) and variables of its own. `$${` stands for `${`. What comes from the environment is
 * never looked at again, and since one value is replaced at a time, it cannot become structure.
 */
export function replaceVariables(template: string, environment: Environment): Replaced {
  try {
    return { text: replace(template, environment, 0) }
  } catch (error) {
    if (error instanceof VariableFault) return { fault: error.message }
    throw error
  }
}

class VariableFault extends Error {}

function replace(template: string, environment: Environment, depth: number): string {
  if (depth > MAX_NESTING) throw new VariableFault(`has defaults nested more than ${MAX_NESTING} deep`)
  let text = ''
  let done = 0
  for (;;) {
    const start = template.indexOf('${', done)
    if (start === -1) return text + template.slice(done)
    if (template[start - 1] === '$' && start > done) {
      text += `${template.slice(done, start - 1)}\${`
      done = start + 2
      continue
    }
    const end = closingBrace(template, start + 2)
    text += template.slice(done, start) + lookUp(template.slice(start + 2, end), environment, depth)
    done = end + 1
  }
}

function closingBrace(template: string, from: number): number {
  let depth = 1
  for (let index = from; index < template.length; index++) {
    if (template[index] === '{') depth++
    else if (template[index] === '}' && --depth === 0) return index
  }
  throw new VariableFault('has "$" and "{" without the closing "}"; a second "$" in front makes it plain text')
}

function lookUp(reference: string, environment: Environment, depth: number): string {
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(reference) ?? []
  if (name === undefined)
    throw new VariableFault(
      'has a variable whose name is not letters, digits and _, or whose default does not follow ":-"',
    )
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (fallback !== undefined)
    return value === undefined || value === '' ? replace(fallback, environment, depth + 1) : value
  if (value === undefined) throw new VariableFault(`needs the environment variable ${name}, which is not set`)
  return value
}
