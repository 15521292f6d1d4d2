import { checkQuery } from './esql-check.js'
import { type Delays, leastSpanMs } from './model.js'

export interface CheckOptions {
  readonly delays: Delays
  /** Whether the rule is for a Kibana that makes one alert for each row. */
  readonly grouped: boolean
}

type Params = Readonly<Record<string, unknown>>

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const COMPARATORS = ['>', '<', '>=', '<=', 'between', 'notBetween']

/** What Kibana knows of a rule's params, by its type (response-ops/rule_params); another key is refused. */
const PARAMS: Readonly<Record<string, readonly string[]>> = {
  '.es-query': [
    'searchType',
    'esqlQuery',
    'timeField',
    'timeWindowSize',
    'timeWindowUnit',
    'size',
    'threshold',
    'thresholdComparator',
    'groupBy',
    'aggType',
    'excludeHitsFromPreviousRun',
    'termField',
    'termSize',
    'aggField',
    'sourceFields',
  ],
  '.index-threshold': [
    'index',
    'timeField',
    'aggType',
    'aggField',
    'groupBy',
    'termField',
    'termSize',
    'filterKuery',
    'timeWindowSize',
    'timeWindowUnit',
    'thresholdComparator',
    'threshold',
  ],
}

/**
 * What Kibana would refuse in the body of a new rule, in its words where it has some, and what it would take although the
 * rule could not do its work: a window too short for what comes late, an alert whose name changes with every run. Empty
 * where all is well. Whether a query's fields and functions exist is the server's to say.
 */
export function checkRule(body: object, { delays, grouped }: CheckOptions): readonly string[] {
  const rule = body as Params
  const faults = ['name', 'rule_type_id', 'consumer']
    .filter((key) => typeof rule[key] !== 'string' || rule[key] === '')
    .map((key) => `[${key}]: expected value of type [string]`)
  const intervalMs = durationMs((rule.schedule as Params | undefined)?.interval)
  if (intervalMs === null) faults.push('[schedule.interval]: is not a duration')
  const params = rule.params as Params | undefined
  const known = PARAMS[String(rule.rule_type_id)]
  if (params === undefined || known === undefined)
    return [...faults, '[rule_type_id]: is none of those that are checked']
  for (const key of Object.keys(params)) {
    if (!known.includes(key)) faults.push(`[${key}]: definition for this key is missing`)
  }
  faults.push(...checkShared(params), ...checkWindow(params, intervalMs, delays))
  faults.push(...(rule.rule_type_id === '.es-query' ? checkEsQuery(params, grouped) : checkIndexThreshold(params)))
  if (rule.rule_type_id === '.es-query' && intervalMs !== null) {
    faults.push(...checkQuery(esqlOf(params), leastSpanMs(intervalMs, delays)))
  }
  faults.push(...checkActions(rule))
  return faults
}

/** What both types of rule share. */
function checkShared(params: Params): readonly string[] {
  const faults: string[] = []
  const { threshold, thresholdComparator: comparator, groupBy = 'all', aggType = 'count' } = params
  if (typeof params.timeField !== 'string' || params.timeField === '') faults.push('[timeField]: is required')
  if (!Array.isArray(threshold) || threshold.length < 1 || threshold.length > 2 || !threshold.every(Number.isFinite)) {
    faults.push('[threshold]: must be one or two numbers')
  } else if (['between', 'notBetween'].includes(String(comparator)) && threshold.length !== 2) {
    faults.push(`[threshold]: must have two elements for the "${comparator}" comparator`)
  }
  if (!COMPARATORS.includes(String(comparator))) {
    faults.push(`[thresholdComparator]: invalid thresholdComparator specified: ${comparator}`)
  }
  if (!['count', 'avg', 'min', 'max', 'sum'].includes(String(aggType))) faults.push(`[aggType]: invalid: ${aggType}`)
  if (aggType !== 'count' && typeof params.aggField !== 'string') {
    faults.push(`[aggField]: must have a value when [aggType] is "${aggType}"`)
  }
  if (groupBy === 'top') {
    if (params.termField === undefined) faults.push('[termField]: termField required when [groupBy] is top')
    if (params.termSize === undefined) faults.push('[termSize]: termSize required when [groupBy] is top')
    if (Number(params.termSize) > 1_000) faults.push('[termSize]: must be less than or equal to 1000')
  }
  return faults
}

/** Shorter than three runs and three times what data needs to arrive, and a document may come too late for every run. */
function checkWindow(params: Params, intervalMs: number | null, delays: Delays): readonly string[] {
  const { timeWindowSize: size, timeWindowUnit: unit } = params
  const unitMs = UNITS_MS[String(unit)]
  if (!Number.isInteger(size) || Number(size) < 1) return ['[timeWindowSize]: must be a whole number from 1 on']
  if (unitMs === undefined) return [`[timeWindowUnit]: invalid timeWindowUnit: "${unit}"`]
  if (intervalMs === null) return []
  const leastMs = leastSpanMs(intervalMs, delays)
  const windowMs = Number(size) * unitMs
  if (windowMs >= leastMs) return []
  return [`[timeWindowSize]: the window of ${windowMs} ms is shorter than ${leastMs} ms: late data would never be seen`]
}

function checkEsQuery(params: Params, grouped: boolean): readonly string[] {
  const faults: string[] = []
  const { size, searchType, threshold, thresholdComparator: comparator, groupBy = 'all' } = params
  if (!Number.isInteger(size)) faults.push('[size]: expected value of type [number] but got [undefined]')
  else if (Number(size) < 0 || Number(size) > 10_000) faults.push('[size]: must be between 0 and 10000')
  if (searchType !== 'esqlQuery') return [...faults, '[searchType]: is not esqlQuery']
  if (esqlOf(params) === '') faults.push('[esqlQuery.esql]: expected value of type [string]')
  if (comparator !== '>') faults.push('[thresholdComparator]: is required to be greater than')
  if (Array.isArray(threshold) && (threshold.length !== 1 || threshold[0] !== 0)) {
    faults.push('[threshold]: is required to be 0')
  }
  if (!(grouped ? ['row'] : ['all']).includes(String(groupBy))) {
    faults.push(`[groupBy]: is ${groupBy}: ${grouped ? 'all rows would be one alert' : 'this Kibana knows no rows'}`)
  }
  if (params.excludeHitsFromPreviousRun !== false) {
    faults.push('[excludeHitsFromPreviousRun]: is required to be false, or a rate that lasts recovers')
  }
  return faults
}

function checkIndexThreshold(params: Params): readonly string[] {
  const { index, groupBy = 'all' } = params
  const faults: string[] = []
  const names = Array.isArray(index) ? index : [index]
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && name !== '')) {
    faults.push('[index]: expected value of type [string] or [array]')
  }
  if (!['all', 'top'].includes(String(groupBy))) faults.push(`[groupBy]: invalid groupBy: "${groupBy}"`)
  if (typeof params.termField !== 'string' && groupBy === 'top') faults.push('[termField]: expected one field')
  return faults
}

function checkActions(rule: Params): readonly string[] {
  const group = rule.rule_type_id === '.es-query' ? 'query matched' : 'threshold met'
  const actions = Array.isArray(rule.actions) ? (rule.actions as readonly Params[]) : []
  const faults = actions
    .filter((action) => ![group, 'recovered'].includes(String(action.group)))
    .map((action) => `[actions]: Invalid action groups: ${action.group}`)
  if (actions.some(({ frequency }) => frequency !== undefined) && 'notify_when' in rule) {
    faults.push('[notify_when]: cannot be used together with the frequency of an action')
  }
  return faults
}

function esqlOf(params: Params): string {
  const esql = (params.esqlQuery as Params | undefined)?.esql
  return typeof esql === 'string' ? esql : ''
}

function durationMs(interval: unknown): number | null {
  const match = /^([1-9]\d*)([smhd])$/.exec(String(interval))
  return match === null ? null : Number(match[1]) * UNITS_MS[match[2]]
}
