import type { StoredDocument, TimeRange } from '../sinks/stored.js'

/** What an input is about. A store may hold documents of many others. */
export interface Scope {
  /** First and last event time of its lines; null where it has none. */
  readonly range: { readonly minMs: number; readonly maxMs: number } | null
  /** Null for sources that do not tell: their failures belong to it by the path of the log. */
  readonly gateways: ReadonlySet<string | null>
  readonly partitions: ReadonlySet<string>
  readonly paths: ReadonlySet<string>
}

const MINUTE_MS = 60_000

/** The times that the scope's documents can have, both ends included: traffic stands at the start of its minute. */
export function timesOf({ range }: Scope): TimeRange | null {
  return range === null ? null : { sinceMs: minuteOf(range.minMs), untilMs: range.maxMs }
}

/** Whether a stored document must come from this input, so that it is too much in the store where it does not. */
export function isInScope(scope: Scope, { kind, document }: StoredDocument): boolean {
  const timeMs = Date.parse(textAt(document, '@timestamp') ?? '')
  const { range } = scope
  if (range === null || !(timeMs <= range.maxMs)) return false
  if (kind === 'traffic') {
    return timeMs >= minuteOf(range.minMs) && scope.partitions.has(textAt(document, 'edgemicro', 'partition') ?? '')
  }
  if (timeMs < range.minMs) return false
  const gateway = textAt(document, 'edgemicro', 'gateway')
  if (!scope.gateways.has(gateway)) return false
  return gateway !== null || scope.paths.has(textAt(document, 'log', 'file', 'path') ?? '')
}

/** A text in a document of any form. */
export function textAt(document: unknown, ...path: readonly string[]): string | null {
  let value = document
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return typeof value === 'string' ? value : null
}

function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS
}
