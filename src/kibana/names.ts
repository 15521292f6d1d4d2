import { createHash } from 'node:crypto'

/**
 * How a time axis is cut. `range`: into fifty parts of the range that is looked at, by the parameters that Kibana binds
 * since 8.16. `fixed`: into half hours, for Kibana 8.14 and 8.15, which bind none. `expression`: as `range`, with the
 * column named by its own expression, which is what the Dashboards API asks for.
 */
export type TimeAxis = 'range' | 'fixed' | 'expression'

export interface Placement {
  /** Of the indices; also names the objects in Kibana. */
  readonly prefix: string
  /** Null for the default space. */
  readonly space: string | null
}

export interface Names {
  /** Index patterns. */
  readonly failures: string
  readonly traffic: string
  readonly frequency: string
  readonly shipper: string
  readonly time: {
    /** Goes behind `BY`. */
    readonly grouping: string
    /** The column that comes of it, as written in a query. */
    readonly column: string
    /** The same, as the answer names it. */
    readonly name: string
  }
}

/** The names that queries are made of. Patterns hold their hyphen, so that one prefix never reads another's indices. */
export function namesFor(prefix: string, axis: TimeAxis): Names {
  return {
    failures: `${prefix}-failures-*`,
    traffic: `${prefix}-traffic-*`,
    frequency: `${prefix}-frequency-*`,
    shipper: `${prefix}-shipper-*`,
    time: TIME[axis],
  }
}

const RANGE = 'BUCKET(@timestamp, 50, ?_tstart, ?_tend)'

const TIME: Readonly<Record<TimeAxis, Names['time']>> = {
  range: { grouping: `time = ${RANGE}`, column: 'time', name: 'time' },
  fixed: { grouping: 'time = BUCKET(@timestamp, 30 minutes)', column: 'time', name: 'time' },
  expression: { grouping: RANGE, column: `\`${RANGE}\``, name: RANGE },
}

/**
 * The stable id of an object in Kibana. It holds the space: an id belongs to one space, and an import of the same id into
 * another one would be given a random id there.
 */
export function objectId({ prefix, space }: Placement, name: string): string {
  return [plain(prefix), name, ...(space === null ? [] : [plain(space)])].join('-')
}

/** `[a-z0-9-]`, and never the same for two texts. */
function plain(text: string): string {
  if (/^[a-z0-9-]+$/.test(text)) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return `${text.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${digest}`
}
