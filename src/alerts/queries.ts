import type { AlertName, Alerts } from './model.js'

/** A question in ES|QL. Each row of its answer is one alert, told from others by `keys`. */
export interface AlertQuery {
  readonly esql: string
  /** Columns that say which target, gateway or shipper; they never change while the alert lasts. */
  readonly keys: readonly string[]
  /** Columns of the answer, with Elasticsearch's types. */
  readonly columns: Readonly<Record<string, string>>
}

const MINUTE_MS = 60_000

/** More rows than Kibana makes alerts of are of no use. */
const MAX_ROWS = 100

/**
 * The questions of the alerts. Kibana adds the time range as a filter. They name no `?_tstart` or `?_tend`, which Kibana
 * binds in newer versions only, but ask the server for NOW(): both run on 8.14 and later.
 */
export function alertQueries(prefix: string, alerts: Alerts): Readonly<Record<AlertName, AlertQuery>> {
  return {
    'reset-rate': resetRate(prefix, alerts),
    'new-target-failing': newTargetFailing(prefix, alerts),
    'gateway-silent': gatewaySilent(prefix, alerts),
    'shipper-lag': shipperLag(prefix, alerts),
    'shipper-refusing': shipperRefusing(prefix, alerts),
  }
}

/** Minutes with failures whose requests nobody counted are left out, of both sides of the ratio. */
function resetRate(prefix: string, { resetRate: { minRequests, maxRatio } }: Alerts): AlertQuery {
  return {
    esql: pipe(
      `FROM ${prefix}-frequency-*`,
      'WHERE edgemicro.covered == true AND edgemicro.requests IS NOT NULL AND edgemicro.target IS NOT NULL',
      'STATS requests = SUM(edgemicro.requests), resets = SUM(edgemicro.resets) BY edgemicro.target',
      `WHERE requests >= ${minRequests} AND resets > ${maxRatio} * requests`,
      'EVAL reset_percent = ROUND(100.0 * resets / requests, 2)',
      'KEEP edgemicro.target, requests, resets, reset_percent',
      'SORT reset_percent DESC, edgemicro.target',
      `LIMIT ${MAX_ROWS}`,
    ),
    keys: ['edgemicro.target'],
    columns: { 'edgemicro.target': 'keyword', requests: 'long', resets: 'long', reset_percent: 'double' },
  }
}

/** Clients that went away and refusals by the gateway itself are no failures of a target. */
function newTargetFailing(prefix: string, { newTargetFailing: { recentMs } }: Alerts): AlertQuery {
  return {
    esql: pipe(
      `FROM ${prefix}-frequency-*`,
      'WHERE edgemicro.failures > 0 AND edgemicro.target IS NOT NULL',
      'EVAL at_target = edgemicro.failures - COALESCE(edgemicro.causes.client_abort, 0) - COALESCE(edgemicro.causes.rejected_by_gateway, 0)',
      'WHERE at_target > 0',
      'STATS first_failure = MIN(@timestamp), failures = SUM(at_target) BY edgemicro.target',
      `WHERE first_failure > NOW() - ${recentMs / MINUTE_MS} minutes`,
      'KEEP edgemicro.target, first_failure, failures',
      'SORT failures DESC, edgemicro.target',
      `LIMIT ${MAX_ROWS}`,
    ),
    keys: ['edgemicro.target'],
    columns: { 'edgemicro.target': 'keyword', first_failure: 'date', failures: 'long' },
  }
}

function gatewaySilent(prefix: string, { gatewaySilent: { silenceMs } }: Alerts): AlertQuery {
  return {
    esql: pipe(
      `FROM ${prefix}-traffic-*,${prefix}-failures-*`,
      'WHERE edgemicro.gateway IS NOT NULL',
      'STATS last_seen = MAX(@timestamp) BY edgemicro.gateway',
      `WHERE last_seen < NOW() - ${silenceMs / MINUTE_MS} minutes`,
      'EVAL silent_minutes = DATE_DIFF("minutes", last_seen, NOW())',
      'KEEP edgemicro.gateway, last_seen, silent_minutes',
      'SORT last_seen, edgemicro.gateway',
      `LIMIT ${MAX_ROWS}`,
    ),
    keys: ['edgemicro.gateway'],
    columns: { 'edgemicro.gateway': 'keyword', last_seen: 'date', silent_minutes: 'integer' },
  }
}

/**
 * The least lag of the window: one spike is none. A log that is silent looks as far behind as a shipper that is; only
 * lines that come, or documents that wait, tell them apart.
 */
function shipperLag(prefix: string, { shipperLag: { maxLagMs, minSamples } }: Alerts): AlertQuery {
  return {
    esql: pipe(
      `FROM ${prefix}-shipper-*`,
      'WHERE edgemicro.shipper.lag_ms IS NOT NULL AND (edgemicro.shipper.lines > 0 OR edgemicro.shipper.unsent > 0)',
      'STATS least_lag_ms = MIN(edgemicro.shipper.lag_ms), samples = COUNT(*) BY agent.name, edgemicro.shipper.pipeline, agent.id',
      `WHERE samples >= ${minSamples} AND least_lag_ms > ${maxLagMs}`,
      'EVAL lag_seconds = ROUND(least_lag_ms / 1000.0, 0)',
      'KEEP agent.name, edgemicro.shipper.pipeline, agent.id, lag_seconds, samples',
      'SORT lag_seconds DESC, agent.id',
      `LIMIT ${MAX_ROWS}`,
    ),
    keys: ['agent.name', 'edgemicro.shipper.pipeline', 'agent.id'],
    columns: {
      'agent.name': 'keyword',
      'edgemicro.shipper.pipeline': 'keyword',
      'agent.id': 'keyword',
      lag_seconds: 'double',
      samples: 'long',
    },
  }
}

/** Not by process: one that starts again after each refusal is the same trouble. */
function shipperRefusing(prefix: string, { shipperRefusing: numbers }: Alerts): AlertQuery {
  const { minRefused, maxRejectedRatio, minLines } = numbers
  return {
    esql: pipe(
      `FROM ${prefix}-shipper-*`,
      'STATS refused = SUM(edgemicro.shipper.refused), rejections = SUM(edgemicro.shipper.rejections), lines = SUM(edgemicro.shipper.lines) BY agent.name, edgemicro.shipper.pipeline',
      `WHERE refused >= ${minRefused} OR (lines >= ${minLines} AND rejections > ${maxRejectedRatio} * lines)`,
      'KEEP agent.name, edgemicro.shipper.pipeline, refused, rejections, lines',
      'SORT refused DESC, rejections DESC, agent.name',
      `LIMIT ${MAX_ROWS}`,
    ),
    keys: ['agent.name', 'edgemicro.shipper.pipeline'],
    columns: {
      'agent.name': 'keyword',
      'edgemicro.shipper.pipeline': 'keyword',
      refused: 'long',
      rejections: 'long',
      lines: 'long',
    },
  }
}

const pipe = (...commands: readonly string[]): string => commands.join('\n| ')
