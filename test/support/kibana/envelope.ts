import type { Elasticsearch } from '../../../src/sinks/elasticsearch/connection.js'

export interface Range {
  readonly fromMs: number
  readonly toMs: number
}

export interface Answered {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly values: readonly (readonly unknown[])[]
}

/**
 * Asks as Kibana asks for a panel (data plugin, search/expressions/esql.ts): the time range as a filter on `@timestamp`
 * beside the query, with the filters of the dashboard, and as parameters where the query has them.
 */
export async function askAsKibana(
  elasticsearch: Elasticsearch,
  query: string,
  range: Range,
  filters: readonly object[] = [],
): Promise<Answered> {
  const [gte, lte] = [new Date(range.fromMs).toISOString(), new Date(range.toMs).toISOString()]
  const bound = [
    ...(query.includes('?_tstart') ? [{ _tstart: gte }] : []),
    ...(query.includes('?_tend') ? [{ _tend: lte }] : []),
  ]
  const time = { range: { '@timestamp': { format: 'strict_date_optional_time', gte, lte } } }
  const { body } = await elasticsearch.request<Answered>({
    method: 'POST',
    path: '/_query',
    body: {
      query,
      locale: 'en',
      filter: { bool: { must: [], filter: [time, ...filters], should: [], must_not: [] } },
      ...(bound.length > 0 && { params: bound }),
    },
  })
  return body
}

/** What a control of a dashboard adds when a value is chosen. */
export const chosen = (field: string, value: string): object => ({ match_phrase: { [field]: value } })

/** `now-24h`, `now-30d`, `now` in milliseconds. */
export function rangeOf({ from, to }: { readonly from: string; readonly to: string }, nowMs: number): Range {
  return { fromMs: timeOf(from, nowMs), toMs: timeOf(to, nowMs) }
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function timeOf(text: string, nowMs: number): number {
  const [, count, unit] = /^now(?:-(\d+)([mhd]))?$/.exec(text) ?? []
  return nowMs - (count === undefined ? 0 : Number(count) * UNIT_MS[unit])
}
