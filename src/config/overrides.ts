import { isCollection, isScalar, type Node, parseDocument, Scalar } from 'yaml'

/** One `a.b=c`, read. */
export interface Override {
  readonly path: readonly (string | number)[]
  /** Undefined takes the option away. */
  readonly value: unknown
}

/** An override, or what is wrong with it. */
export type ReadOverride = Override | { readonly fault: string }

/**
 * Reads `path.to.option=value`; items of lists are written `sinks[0]`. The value may be a YAML flow, `[a, b]` or
 * `{path: x}`, or quoted text; anything else is text as it stands (options read numbers from text), without variables.
 * `null` takes the option away.
 */
export function readOverride(text: string): ReadOverride {
  const equals = text.indexOf('=')
  const path = equals === -1 ? undefined : readPath(text.slice(0, equals))
  if (path === undefined)
    return { fault: `"${text.slice(0, Math.max(equals, 0)) || text}" is not written path.to.option=value` }
  const value = readValue(text.slice(equals + 1))
  if (value !== undefined && isSecret(path, value)) {
    return {
      fault: `${text.slice(0, equals)} is a secret, and other users of this host can read command lines: ${INSTEAD}`,
    }
  }
  return { path, value }
}

const INSTEAD = 'let the file take it from an environment variable, or name a file (passwordFile, apiKeyFile)'
const SECRETS = new Set<unknown>(['password', 'apiKey'])

/** Whether a secret is set, by itself or inside of a section. */
function isSecret(path: readonly (string | number)[], value: unknown): boolean {
  if (SECRETS.has(path.at(-1))) return true
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, each]) => SECRETS.has(name) || isSecret([], each))
}

/** The data with one value put in or taken away; sections that are missing are made. The data given stays as it is. */
export function applyOverride(data: unknown, { path, value }: Override): unknown {
  if (path.length === 0 || (data === undefined && value === undefined)) return value
  const [key, ...rest] = path
  if (typeof key === 'number') {
    const items = Array.isArray(data) ? [...data] : []
    const item = applyOverride(items[key], { path: rest, value })
    if (item === undefined) items.splice(key, 1)
    else items[key] = item
    return Array.from(items)
  }
  const entries = isRecord(data) ? Object.entries(data) : []
  const inner = applyOverride(isRecord(data) && Object.hasOwn(data, key) ? data[key] : undefined, { path: rest, value })
  const others = entries.filter(([name]) => name !== key)
  return Object.fromEntries(inner === undefined ? others : [...others, [key, inner]])
}

function readPath(text: string): readonly (string | number)[] | undefined {
  if (!/^[^\s.[\]]+(?:\[\d{1,3}\])*(?:\.[^\s.[\]]+(?:\[\d{1,3}\])*)*$/.test(text)) return undefined
  return text.split('.').flatMap((part) => {
    const [name, ...indexes] = part.split(/[[\]]+/).filter((piece) => piece !== '')
    return [name, ...indexes.map(Number)]
  })
}

function readValue(written: string): unknown {
  if (/^\s*(?:null|~)\s*$/.test(written)) return undefined
  const document = parseDocument(written, { prettyErrors: false, logLevel: 'silent', stringKeys: true })
  if (document.errors.length + document.warnings.length > 0 || !isQuotedOrFlow(document.contents)) return written
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    // `[*.log]` reads as a YAML alias that stands for nothing.
    return written
  }
}

function isQuotedOrFlow(node: Node | null): boolean {
  if (isCollection(node)) return node.flow === true
  return isScalar(node) && (node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
