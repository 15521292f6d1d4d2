import { alertIdColumns } from '../../../../src/alerts/esql-check.js'
import type { RuleBody } from '../../../../src/alerts/kibana.js'
import { ask, type Reply } from '../../../support/elasticsearch/cluster.js'

/** Kibana's own default of `xpack.alerting.rules.run.alerts.max`. */
const ALERT_LIMIT = 1_000

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export interface EsqlAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly values: readonly (readonly unknown[])[]
}

/** One run of a rule: alerts by their ids, and what Kibana would show of each. */
export type Alerts = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/**
 * What Kibana sends to Elasticsearch for an ES|QL rule that runs at `atMs` (stack_alerts, fetch_esql_query.ts): the query
 * with a limit behind it, the window as a filter, the ends of the window where the query names them.
 */
export async function sendEsqlRule(rule: RuleBody, atMs: number): Promise<Reply<EsqlAnswer>> {
  const { esql } = rule.params.esqlQuery as { readonly esql: string }
  const { start, end } = windowOf(rule, atMs)
  const usesEnds = /\?_t(?:start|end)\b/.test(esql)
  return ask<EsqlAnswer>('POST', '/_query', {
    query: `${esql} | limit ${ALERT_LIMIT}`,
    filter: {
      bool: {
        filter: [
          { range: { [String(rule.params.timeField)]: { lte: end, gt: start, format: 'strict_date_optional_time' } } },
        ],
      },
    },
    ...(usesEnds && { params: [{ _tstart: start }, { _tend: end }] }),
  })
}

/** Alerts of one run of an ES|QL rule; throws where the server refuses the query. */
export async function runEsqlRule(rule: RuleBody, atMs: number): Promise<Alerts> {
  const { status, body } = await sendEsqlRule(rule, atMs)
  if (status !== 200) throw new Error(`the query was answered ${status}: ${JSON.stringify(body)}`)
  const names = body.columns.map(({ name }) => name)
  const rows = body.values.map((row) => Object.fromEntries(row.map((value, index) => [names[index], value])))
  if (rule.params.groupBy !== 'row') return rows.length > 0 ? { 'query matched': { rows } } : {}
  const { esql } = rule.params.esqlQuery as { readonly esql: string }
  const keys = alertIdColumns(esql, names)
  return Object.fromEntries(rows.map((row) => [keys.map((key) => row[key]).join(','), row]))
}

interface TermsAnswer {
  readonly aggregations: {
    readonly groupAgg: {
      readonly buckets: readonly {
        readonly key: string
        readonly dateAgg: { readonly buckets: readonly { readonly metricAgg: { readonly value: number | null } }[] }
      }[]
    }
  }
}

/**
 * Alerts of one run of an index threshold rule: what Kibana asks (triggers_actions_ui, time_series_query.ts), with the
 * server's own reading of the KQL, and its comparison, which Kibana leaves to a script where there are scripts.
 */
export async function runThresholdRule(rule: RuleBody, atMs: number): Promise<Alerts> {
  const { index, aggType, aggField, termField, termSize, filterKuery, timeField, threshold } = rule.params
  const { start, end } = windowOf(rule, atMs)
  const metric = { [String(aggType)]: { field: aggField } }
  const range = { [String(timeField)]: { gte: start, lt: end, format: 'strict_date_time' } }
  const { status, body } = await ask<TermsAnswer>(
    'POST',
    `/${(index as readonly string[]).join(',')}/_search?ignore_unavailable=true&allow_no_indices=true`,
    {
      size: 0,
      query: { bool: { filter: [{ range }, { kql: { query: filterKuery } }] } },
      aggs: {
        groupAgg: {
          terms: { field: termField, size: termSize, order: { sortValueAgg: 'desc' } },
          aggs: {
            sortValueAgg: metric,
            dateAgg: {
              date_range: { field: timeField, format: 'strict_date_time', ranges: [{ from: start, to: end }] },
              aggs: { metricAgg: metric },
            },
          },
        },
      },
    },
  )
  if (status !== 200) throw new Error(`the search was answered ${status}: ${JSON.stringify(body)}`)
  const [limit] = threshold as readonly [number]
  const alerts: Record<string, { readonly value: number }> = {}
  for (const { key, dateAgg } of body.aggregations.groupAgg.buckets) {
    const value = dateAgg.buckets[0]?.metricAgg.value ?? null
    if (value !== null && value > limit) alerts[key] = { value }
  }
  return alerts
}

function windowOf({ params }: RuleBody, atMs: number): { readonly start: string; readonly end: string } {
  const spanMs = Number(params.timeWindowSize) * UNITS_MS[String(params.timeWindowUnit)]
  return { start: new Date(atMs - spanMs).toISOString(), end: new Date(atMs).toISOString() }
}
