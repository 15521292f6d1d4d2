import { type AlertName, type Alerts, DEFAULT_DELAYS, type Delays, graceMs } from './model.js'

export interface ElastAlertSettings {
  /** Of the indices. */
  readonly prefix: string
  readonly delays?: Delays
}

/** A rule of ElastAlert2, as its YAML holds it. How alerts are sent is not in it: `import` names the file that says so. */
export type ElastAlertRule = Readonly<Record<string, unknown>>

const MINUTE_MS = 60_000

/** A ratio of sums is nothing that ElastAlert2 can ask for; so many minutes, each with this part of the floor, stand for it. */
const MIN_MINUTES = 5

/** More targets, gateways or shippers than this in one window are not looked at. */
const MAX_TERMS = 1_000

/**
 * The alerts as far as ElastAlert2 can ask for them; it reads no ES|QL. It tells when something begins, never that it has
 * ended.
 */
export function elastAlertRules(
  { prefix, delays = DEFAULT_DELAYS }: ElastAlertSettings,
  alerts: Alerts,
): Readonly<Record<AlertName, ElastAlertRule>> {
  const shared = { import: '../alert.yaml', query_delay: { seconds: graceMs(delays) / 1_000 } }
  const rule = (name: AlertName, index: string, rest: ElastAlertRule): ElastAlertRule => ({
    name: `${prefix}-${name}`,
    index,
    ...rest,
    ...shared,
  })
  return {
    'reset-rate': rule('reset-rate', `${prefix}-frequency-*`, resetRate(alerts)),
    'new-target-failing': rule('new-target-failing', `${prefix}-failures-*`, newTargetFailing(alerts)),
    'gateway-silent': rule('gateway-silent', `${prefix}-traffic-*,${prefix}-failures-*`, gatewaySilent(alerts)),
    'shipper-lag': rule('shipper-lag', `${prefix}-shipper-*`, shipperLag(alerts)),
    'shipper-refusing': rule('shipper-refusing', `${prefix}-shipper-*`, shipperRefusing(alerts)),
  }
}

/**
 * The mean of the ratios of single minutes. A minute counts where it has a part of the floor of requests, and as many
 * minutes must count that together they have the whole floor.
 */
function resetRate({ resetRate: { windowMs, minRequests, maxRatio } }: Alerts): ElastAlertRule {
  return {
    ...aggregation('avg', 'edgemicro.reset_ratio', 'edgemicro.target', windowMs),
    max_threshold: maxRatio,
    min_doc_count: MIN_MINUTES,
    filter: [
      // A minute that is not covered has none.
      { exists: { field: 'edgemicro.reset_ratio' } },
      { range: { 'edgemicro.requests': { gte: Math.ceil(minRequests / MIN_MINUTES) } } },
    ],
  }
}

/** Terms of the days before are asked for when it starts, and remembered while it runs. */
function newTargetFailing({ newTargetFailing: { recentMs, historyMs } }: Alerts): ElastAlertRule {
  return {
    type: 'new_term',
    query_key: 'edgemicro.target',
    fields: ['edgemicro.target'],
    use_keyword_postfix: false,
    terms_window_size: minutes(historyMs),
    buffer_time: minutes(recentMs),
    realert: minutes(recentMs),
    filter: [
      { exists: { field: 'edgemicro.target' } },
      { bool: { must_not: [{ terms: { 'edgemicro.cause': ['client_abort', 'rejected_by_gateway'] } }] } },
    ],
  }
}

/** Gateways are learned while it runs: one that was silent before it started is not known to it. */
function gatewaySilent({ gatewaySilent: { silenceMs, intervalMs } }: Alerts): ElastAlertRule {
  return {
    type: 'flatline',
    query_key: 'edgemicro.gateway',
    use_terms_query: true,
    terms_size: MAX_TERMS,
    threshold: 1,
    timeframe: minutes(silenceMs),
    run_every: minutes(intervalMs),
    realert: minutes(silenceMs),
    filter: [{ exists: { field: 'edgemicro.gateway' } }],
  }
}

/** A silent log looks as far behind as a slow shipper: only signs of life with something to do count. */
function shipperLag({ shipperLag: { windowMs, maxLagMs, minSamples } }: Alerts): ElastAlertRule {
  return {
    ...aggregation('min', 'edgemicro.shipper.lag_ms', 'agent.id', windowMs),
    max_threshold: maxLagMs,
    min_doc_count: minSamples,
    filter: [
      {
        bool: {
          should: [
            { range: { 'edgemicro.shipper.lines': { gt: 0 } } },
            { range: { 'edgemicro.shipper.unsent': { gt: 0 } } },
          ],
          minimum_should_match: 1,
        },
      },
    ],
  }
}

/** Refused documents alone: a share of lines is no question for it. */
function shipperRefusing({ shipperRefusing: { windowMs, minRefused } }: Alerts): ElastAlertRule {
  return {
    ...aggregation('sum', 'edgemicro.shipper.refused', 'agent.name', windowMs),
    max_threshold: minRefused - 1,
    filter: [{ exists: { field: 'edgemicro.shipper.refused' } }],
  }
}

/** One number for each key over the whole window, asked anew at each run. */
function aggregation(type: string, field: string, queryKey: string, windowMs: number): ElastAlertRule {
  return {
    type: 'metric_aggregation',
    metric_agg_type: type,
    metric_agg_key: field,
    query_key: queryKey,
    terms_size: MAX_TERMS,
    buffer_time: minutes(windowMs),
    // Else the first runs behind a restart would wait until they have a whole window of their own.
    allow_buffer_time_overlap: true,
    realert: minutes(windowMs),
  }
}

const minutes = (ms: number): object => ({ minutes: ms / MINUTE_MS })
