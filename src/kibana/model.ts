/**
 * What a dashboard is, before it takes the shape of a Kibana version: the one source of the saved objects and of the
 * bodies for the Dashboards API. Every panel is one ES|QL query, so each number on a dashboard can be had, and is
 * tested, without Kibana.
 */

/** Types of ES|QL columns, as Elasticsearch names them. */
export type ColumnType = 'date' | 'keyword' | 'text' | 'boolean' | 'integer' | 'long' | 'double'

export interface Column {
  /** Name in the output of the query; the only name that Kibana before 8.16 shows. */
  readonly name: string
  readonly label: string
  readonly type: ColumnType
}

/** Place in a grid of 48 columns; panels do not overlap. */
export interface Grid {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

export type Series = 'bar' | 'bar_stacked' | 'bar_horizontal' | 'line' | 'area'

/** Names in it are those of columns. */
export type Visualization =
  | { readonly kind: 'metric'; readonly value: string }
  | {
      readonly kind: 'xy'
      readonly series: Series
      readonly x: string
      readonly y: readonly string[]
      /** One series for each value of this column. */
      readonly by?: string
    }
  | { readonly kind: 'table' }

/** As Kibana writes times: `now-24h`, `now`. */
export interface TimeRange {
  readonly from: string
  readonly to: string
}

export interface Panel {
  /** Unique in its dashboard, `[a-z0-9-]`. */
  readonly id: string
  readonly title: string
  readonly description?: string
  readonly grid: Grid
  readonly query: string
  /** What of the query's output is shown, in this order. */
  readonly columns: readonly Column[]
  readonly visualization: Visualization
  /** In place of the dashboard's own. */
  readonly timeRange?: TimeRange
}

/**
 * A list of the values of a field. What is chosen filters every panel of the dashboard: Kibana sends it beside the
 * query, as a filter on documents, in every version that has ES|QL panels. (Variables inside of queries need 8.18.)
 */
export interface Control {
  readonly id: string
  readonly title: string
  readonly field: string
  readonly singleSelect: boolean
}

export interface Dashboard {
  /** Without prefix, `[a-z0-9-]`. */
  readonly id: string
  readonly title: string
  readonly description: string
  readonly timeRange: TimeRange
  readonly controls: readonly Control[]
  readonly panels: readonly Panel[]
}
