import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  Parser,
  stringify,
  type YAMLError,
} from 'yaml'
import type { Fault } from './faults.js'

/** A YAML text as data, with the place of each value. */
export interface YamlDocument {
  /** Null for an empty text. Aliases share what they stand for, so the data is a graph without cycles. */
  readonly data: unknown
  /** Bad syntax and keys that stand twice. */
  readonly faults: readonly Fault[]
  /** False where the text is no YAML, so that the data means nothing. */
  readonly usable: boolean
  /** Place of the value at a path, or of its key; where there is none, of the nearest section around it. */
  locate(path: readonly PropertyKey[], part: 'key' | 'value'): Place
}

/** Counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What a text may hold; more of it is another file by mistake, or an attempt to fill the memory. */
export interface YamlLimits {
  readonly maxCharacters: number
  readonly maxAliases: number
}

const PIPELINE_LIMITS: YamlLimits = { maxCharacters: 1024 * 1024, maxAliases: 50 }

/** No option lies deeper than six, no setting of a gateway deeper than ten. The library recurses, and the stack's end inside a regular expression ends Node. */
const MAX_DEPTH = 32

/** Parses YAML 1.2 (core schema). Never throws: what is wrong is told as faults. */
export function readYaml(text: string, { maxCharacters, maxAliases } = PIPELINE_LIMITS): YamlDocument {
  if (text.length > maxCharacters) return unusable('is far too large for a configuration: another file?', START)
  const lineCounter = new LineCounter()
  const tokens = [...new Parser(lineCounter.addNewLine).parse(text)]
  if (isDeeperThan(tokens, MAX_DEPTH * 2)) return unusable('is nested too deeply', START)

  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const documents = [
    ...new Composer({ prettyErrors: false, stringKeys: true, logLevel: 'silent' }).compose(tokens, true),
  ]
  const document = documents[0]
  if (documents.length > 1) return unusable('is more than one YAML document', placeAt(documents[1].range[0]))
  const problems = [...document.errors, ...document.warnings]
  // One bad character makes many errors behind it: the first one tells.
  const broken = problems.filter(({ code }) => code !== 'DUPLICATE_KEY').sort((a, b) => a.pos[0] - b.pos[0])[0]
  if (broken !== undefined) return unusable(describe(broken, text), placeAt(broken.pos[0]))

  try {
    const data: unknown = document.toJS({ maxAliasCount: maxAliases })
    if (isCyclic(data, [])) return unusable('an alias stands inside the section that it repeats', START)
    const faults = problems.map(({ pos }) =>
      faultAt(placeAt(pos[0]), 'the same option stands here for the second time'),
    )
    return { data, usable: true, faults, locate: (path, part) => placeAt(offsetOf({ document, path, part })) }
  } catch (error) {
    // An alias without its anchor, or too many of them.
    return unusable(`not valid YAML: ${firstLine(error instanceof Error ? error.message : 'unknown alias')}`, START)
  }
}

const START: Place = { line: 1, column: 1 }

function unusable(message: string, place: Place): YamlDocument {
  return { data: null, usable: false, faults: [faultAt(place, message)], locate: () => START }
}

function faultAt(place: Place, message: string): Fault {
  return { ...place, path: '', message, suggestion: null }
}

function isDeeperThan(tokens: readonly CST.Token[], limit: number): boolean {
  const open = tokens.map((token): { readonly token: CST.Token; readonly depth: number } => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > limit) return true
    const inner =
      'items' in token ? token.items.flatMap(({ key, value }) => [key, value]) : 'value' in token ? [token.value] : []
    for (const child of inner)
      if (typeof child === 'object' && child !== null) open.push({ token: child, depth: depth + 1 })
  }
  return false
}

/** What the library says, without the piece of the file that it quotes: there may be a password in it. */
function describe({ message, pos }: YAMLError, text: string): string {
  const reason = firstLine(message).replace(/: ".*$/, '')
  const lineStart = text.lastIndexOf('\n', pos[0] - 1) + 1
  const before = text.slice(lineStart, pos[0])
  const unquoted = /[{[,:]\s*\$(?:\{[^"']*)?$/.test(before)
  return `not valid YAML: ${reason}${unquoted ? '; a variable inside { } or [ ] needs quotes around it' : ''}`
}

function firstLine(message: string): string {
  return message.split('\n')[0].replace(/[.:]$/, '')
}

interface Wanted {
  readonly document: Document.Parsed
  readonly path: readonly PropertyKey[]
  readonly part: 'key' | 'value'
}

function offsetOf({ document, path, part }: Wanted): number {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [index, key] of path.entries()) {
    const collection: unknown = isAlias(node) ? node.resolve(document) : node
    if (isSeq(collection)) {
      node = collection.items[Number(key)]
      offset = startOf(node) ?? offset
    } else if (isMap(collection)) {
      const pair: Pair | undefined = collection.items.find((item) => isScalar(item.key) && item.key.value === key)
      if (pair === undefined) return offset
      node = pair.value
      // Sections are found by their keys, values by themselves.
      const byValue = index === path.length - 1 && part === 'value' && isScalar(node) && node.value !== null
      offset = startOf(byValue ? node : pair.key) ?? offset
    } else return offset
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

function isCyclic(value: unknown, around: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return around.includes(value) || Object.values(value).some((entry) => isCyclic(entry, [...around, value]))
}

/** Data as YAML text: objects and maps in their order, what stands in several places as an alias. */
export function writeYaml(data: unknown): string {
  return stringify(data, { lineWidth: 0 })
}
