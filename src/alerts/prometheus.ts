import { type Alerts, inUnits } from './model.js'

export interface PrometheusRule {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export interface PrometheusRules {
  readonly groups: readonly {
    readonly name: string
    readonly interval: string
    readonly rules: readonly PrometheusRule[]
  }[]
}

/** The metrics that the rules build on; `src/observability/` makes them. */
export const METRICS = {
  requests: 'hangup_requests_total',
  failures: 'hangup_failures_total',
  lines: 'hangup_lines_total',
  lag: 'hangup_lag_seconds',
  unsent: 'hangup_unsent_documents',
  refused: 'hangup_refused_documents_total',
} as const

/** Values of the label `kind` of the lines. */
const REJECTED_LINES = 'rejection'
/** Values of the label `target` that name none: not known, and too many to name. */
export const UNKNOWN_TARGET = 'unknown'
const OTHER_TARGETS = 'other'

const MINUTE_MS = 60_000

/** Which process a series comes from. */
const PROCESS = 'job, instance'

const REQUEST_RATE = 'target:hangup_requests:rate'
const RESET_RATE = 'target:hangup_resets:rate'
const RESET_RATIO = 'target:hangup_reset_ratio:rate'

/**
 * The same alerts on what hangup's own `/metrics` says. They go by the time at which lines were read, where those on
 * Elasticsearch go by the time in the lines.
 */
export function prometheusRules(alerts: Alerts): PrometheusRules {
  const rules = [
    ...resetRate(alerts),
    newTargetFailing(alerts),
    sourceSilent(alerts),
    shipperLag(alerts),
    ...shipperRefusing(alerts),
  ]
  return { groups: [{ name: 'hangup', interval: inUnits(alerts.resetRate.intervalMs), rules }] }
}

/** Resets count only where the same process counts requests to that target: those of others say nothing of them. */
function resetRate({ resetRate: { windowMs, intervalMs, minRequests, maxRatio, activeRuns } }: Alerts) {
  const window = inUnits(windowMs)
  const named = `target!="${UNKNOWN_TARGET}"`
  const requests = (by: string): string => `sum by (${by}) (rate(${METRICS.requests}{${named}}[${window}]))`
  const resets = `sum by (${PROCESS}, target) (rate(${METRICS.failures}{code="ECONNRESET", ${named}}[${window}]))`
  return [
    { record: `${REQUEST_RATE}${window}`, expr: requests('target') },
    {
      record: `${RESET_RATE}${window}`,
      expr: `sum by (target) (${resets} and on (${PROCESS}, target) ${requests(`${PROCESS}, target`)} > 0)`,
    },
    { record: `${RESET_RATIO}${window}`, expr: `${RESET_RATE}${window} / ${REQUEST_RATE}${window}` },
    {
      alert: 'HangupResetRate',
      expr: `${RESET_RATIO}${window} > ${maxRatio} and ${REQUEST_RATE}${window} * ${windowMs / 1_000} >= ${minRequests}`,
      ...(activeRuns > 1 && { for: inUnits((activeRuns - 1) * intervalMs) }),
      labels: { severity: 'critical' },
      annotations: {
        summary: '{{ $labels.target }}: {{ $value | humanizePercentage }} of its requests end in ECONNRESET',
        description: `Over the last ${window}; more than ${percent(maxRatio)} of at least ${minRequests} requests is an alert.`,
      },
    },
  ] satisfies readonly PrometheusRule[]
}

/**
 * A series comes into being with a value already, which `increase` does not see: a target has failed also where its
 * series is there now and was not an hour ago, and has failed before also where it was there at some time of the days
 * before, and not yet before those.
 */
function newTargetFailing({ newTargetFailing: { recentMs, historyMs } }: Alerts): PrometheusRule {
  const recent = inUnits(recentMs)
  const history = inUnits(historyMs)
  const past = inUnits(historyMs + recentMs)
  const notOfTargets = 'client_abort|rejected_by_gateway'
  const series = `${METRICS.failures}{target!~"${UNKNOWN_TARGET}|${OTHER_TARGETS}", cause!~"${notOfTargets}"}`
  const grown = (range: string): string => `sum by (target) (increase(${series}${range})) > 0`
  const held = (offset: string): string => `sum by (target) (${series}${offset}) > 0`
  const everHeld = `sum by (target) (max_over_time(${series}[${history}] offset ${recent})) > 0`
  return {
    alert: 'HangupNewTargetFailing',
    expr: [
      `((${grown(`[${recent}]`)}) or (${held('')} unless on (target) ${held(` offset ${recent}`)}))`,
      `unless on (target) (${grown(`[${history}] offset ${recent}`)})`,
      `unless on (target) (${everHeld} unless on (target) ${held(` offset ${past}`)})`,
    ].join('\n'),
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $labels.target }} fails, and did not fail before',
      description: `It failed within the last ${recent}, and never in the ${history} before.`,
    },
  }
}

/** The metrics name no gateway: a shipper stands for those whose logs it reads. */
function sourceSilent({ gatewaySilent: { silenceMs, knownMs } }: Alerts): PrometheusRule {
  const [silence, known] = [inUnits(silenceMs), inUnits(knownMs)]
  const lines = (range: string): string => `sum by (${PROCESS}) (increase(${METRICS.lines}[${range}]))`
  return {
    alert: 'HangupNoLines',
    expr: `${lines(silence)} == 0 and on (${PROCESS}) ${lines(known)} > 0`,
    labels: { severity: 'critical' },
    annotations: {
      summary: '{{ $labels.instance }} reads no lines any longer',
      description: `No line within ${silence}, though there were some within ${known}: the gateway or its log has stopped.`,
    },
  }
}

/**
 * The least lag of the window, in two parts: over some minutes within the expression, and for the others by `for`. A
 * process that has just started to read old logs has no samples for the one, but must stay behind for the other.
 */
function shipperLag({ shipperLag: { windowMs, maxLagMs, minSamples } }: Alerts): PrometheusRule {
  const forMs = Math.min(minSamples * MINUTE_MS, windowMs - MINUTE_MS)
  const range = inUnits(windowMs - forMs)
  const least = (metric: string): string => `min_over_time(${metric}[${range}])`
  const busy = `sum by (${PROCESS}) (increase(${METRICS.lines}[${range}])) > 0 or ${least(METRICS.unsent)} > 0`
  return {
    alert: 'HangupLag',
    expr: `${least(METRICS.lag)} > ${maxLagMs / 1_000} and on (${PROCESS}) (${busy})`,
    for: inUnits(forMs),
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $labels.instance }} is {{ $value | humanizeDuration }} behind its logs',
      description: `It was never less than ${inUnits(maxLagMs)} behind within the last ${inUnits(windowMs)}.`,
    },
  }
}

function shipperRefusing({ shipperRefusing: numbers }: Alerts): readonly PrometheusRule[] {
  const { windowMs, minRefused, maxRejectedRatio, minLines } = numbers
  const window = inUnits(windowMs)
  const lines = (selector: string): string => `sum by (${PROCESS}) (increase(${METRICS.lines}${selector}[${window}]))`
  return [
    {
      alert: 'HangupDocumentsRefused',
      expr: `sum by (${PROCESS}, sink) (increase(${METRICS.refused}[${window}])) >= ${minRefused}`,
      labels: { severity: 'critical' },
      annotations: {
        summary: '{{ $labels.instance }}: {{ $labels.sink }} refused {{ $value | humanize }} documents',
        description: `They are dead letters. At least ${minRefused} within ${window} are an alert.`,
      },
    },
    {
      alert: 'HangupLinesRejected',
      expr: `${lines(`{kind="${REJECTED_LINES}"}`)} / ${lines('')} > ${maxRejectedRatio} and on (${PROCESS}) ${lines('')} >= ${minLines}`,
      labels: { severity: 'warning' },
      annotations: {
        summary: '{{ $labels.instance }} cannot use {{ $value | humanizePercentage }} of its lines',
        description: `They are dead letters; hangup dead-letters says why. More than ${percent(maxRejectedRatio)} is an alert.`,
      },
    },
  ]
}

const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(4))} %`
