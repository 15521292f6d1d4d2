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

/** The stable id of an object in Kibana. */
export function objectId({ prefix, space }: Placement, name: string): string {
  return inSpace(`${plain(prefix)}-${name}`, space)
}

/**
 * An id for this space alone: Kibana knows an id in one space only. It would refuse a rule whose id stands in another
 * one, and give a random id to a dashboard.
 */
export function inSpace(id: string, space: string | null): string {
  return space === null ? id : `${id}-${plain(space)}`
}

/** `[a-z0-9-]`, and never the same for two texts. */
function plain(text: string): string {
  if (/^[a-z0-9-]+$/.test(text)) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return `${text.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${digest}`
}
