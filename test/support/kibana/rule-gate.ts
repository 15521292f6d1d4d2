import { z } from 'zod'

type Params = Readonly<Record<string, unknown>>

/**
 * What Kibana says of the parameters of an Elasticsearch query rule (response-ops/rule_params/es_query/v1) or an index
 * threshold rule, in its own words; null where it takes them. `row` is known since 8.19 and 9.1.
 */
export function refusalOfParams(ruleType: string, params: Params, knowsRow = true): string | null {
  const shape = { '.es-query': ES_QUERY, '.index-threshold': INDEX_THRESHOLD }[ruleType]
  if (shape === undefined) return `Rule type "${ruleType}" is not registered.`
  const checked = shape.safeParse(params)
  if (!checked.success) {
    const [{ path, message }] = checked.error.issues
    return `[${path.join('.')}]: ${message}`
  }
  return ruleType === '.es-query' ? refusalOfEsQuery(checked.data as Params, knowsRow) : refusalOfShared(params)
}

const COMPARATOR = z.enum(['>', '<', '>=', '<=', 'between', 'notBetween'])

const SHARED = {
  timeWindowSize: z.number().min(1),
  timeWindowUnit: z.enum(['s', 'm', 'h', 'd']),
  threshold: z.array(z.number()).min(1).max(2),
  thresholdComparator: COMPARATOR,
  aggType: z.enum(['count', 'avg', 'min', 'max', 'sum']).default('count'),
  aggField: z.string().min(1).optional(),
  termField: z.union([z.string(), z.array(z.string()).min(2).max(4)]).optional(),
  termSize: z.number().min(1).max(1000).optional(),
}

const ES_QUERY = z.strictObject({
  ...SHARED,
  size: z.number().min(0).max(10_000),
  searchType: z.enum(['searchSource', 'esQuery', 'esqlQuery']).default('esQuery'),
  timeField: z.string().min(1).optional(),
  groupBy: z.string().default('all'),
  esqlQuery: z.strictObject({ esql: z.string().min(1) }).optional(),
  esQuery: z.string().optional(),
  index: z.array(z.string()).optional(),
  searchConfiguration: z.record(z.string(), z.unknown()).optional(),
  excludeHitsFromPreviousRun: z.boolean().default(true),
  sourceFields: z
    .array(z.strictObject({ label: z.string(), searchPath: z.string() }))
    .max(5)
    .optional(),
})

const INDEX_THRESHOLD = z.strictObject({
  ...SHARED,
  index: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  timeField: z.string().min(1),
  groupBy: z.enum(['all', 'top']).default('all'),
  filterKuery: z.string().optional(),
})

function refusalOfEsQuery(params: Params, knowsRow: boolean): string | null {
  const { searchType, groupBy, timeField, threshold, thresholdComparator } = params
  const isEsql = searchType === 'esqlQuery'
  if (groupBy !== 'all' && groupBy !== 'top' && !(groupBy === 'row' && isEsql && knowsRow)) {
    return '[groupBy]: groupBy should be all or top when [searchType] is not esqlQuery'
  }
  const shared = refusalOfShared(params)
  if (shared !== null) return shared
  if (!isEsql) return timeField === undefined && searchType === 'esQuery' ? '[timeField]: is required' : null
  if (params.esqlQuery === undefined) return '[esqlQuery]: is required'
  if (timeField === undefined) return '[timeField]: is required'
  if (thresholdComparator !== '>') return '[thresholdComparator]: is required to be greater than'
  return (threshold as readonly number[])[0] === 0 ? null : '[threshold]: is required to be 0'
}

function refusalOfShared({ thresholdComparator, threshold, aggType, aggField, groupBy, termField, termSize }: Params) {
  const between = thresholdComparator === 'between' || thresholdComparator === 'notBetween'
  if (between && (threshold as readonly number[]).length !== 2) {
    return `[threshold]: must have two elements for the "${thresholdComparator}" comparator`
  }
  if ((aggType ?? 'count') !== 'count' && aggField === undefined) {
    return `[aggField]: must have a value when [aggType] is "${aggType}"`
  }
  if (groupBy !== 'top') return null
  if (termField === undefined) return '[termField]: termField required when [groupBy] is top'
  return termSize === undefined ? '[termSize]: termSize required when [groupBy] is top' : null
}

const UPDATE = {
  name: z.string(),
  schedule: z.strictObject({ interval: z.string().regex(/^[1-9]\d*[smhd]$/) }),
  tags: z.array(z.string()).default([]),
  params: z.record(z.string(), z.unknown()),
  actions: z
    .array(
      z.strictObject({
        id: z.string(),
        group: z.string().optional(),
        params: z.record(z.string(), z.unknown()),
        frequency: z
          .strictObject({
            summary: z.boolean(),
            notify_when: z.enum(['onActionGroupChange', 'onActiveAlert', 'onThrottleInterval']),
            throttle: z.string().nullable(),
          })
          .optional(),
        uuid: z.string().optional(),
      }),
    )
    .default([]),
  alert_delay: z.strictObject({ active: z.number().min(1) }).optional(),
  flapping: z.unknown().optional(),
  throttle: z.string().nullable().optional(),
  notify_when: z.string().nullable().optional(),
}

const CREATE = z.strictObject({
  ...UPDATE,
  rule_type_id: z.string(),
  consumer: z.string(),
  enabled: z.boolean().default(true),
})

/** What Kibana says of the body of a rule that is made (POST) or updated (PUT). */
export function refusalOfBody(method: 'POST' | 'PUT', body: unknown): string | null {
  const checked = (method === 'POST' ? CREATE : z.strictObject(UPDATE)).safeParse(body)
  if (checked.success) return null
  const [issue] = checked.error.issues
  if (issue.code === 'unrecognized_keys') return `[request body.${issue.keys[0]}]: definition for this key is missing`
  return `[request body.${issue.path.join('.')}]: ${issue.message}`
}
