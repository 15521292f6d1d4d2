import { date, double, keyword, known, long, query } from '../columns.js'
import type { Dashboard, Panel } from '../model.js'
import type { Names } from '../names.js'
import { GROUP_RATES, GROUP_SUMS, RATED_FIELDS } from '../rates.js'
import { failuresBy, failuresOverTime, ratesOverTime, totals } from './panels.js'

/** How often, for which targets and APIs, since when and why. */
export const overview = (names: Names): Dashboard => ({
  id: 'overview',
  title: 'Overview',
  description:
    'Failed requests of Edge Microgateway: how often, which targets and APIs, since when, and why. Rates use only the minutes in which the requests were counted too.',
  timeRange: { from: 'now-24h', to: 'now' },
  controls: [],
  panels: [...totals(names), ...overTime(names), ...groups(names), newTargets(names), gateways(names)],
})

function overTime(names: Names): readonly Panel[] {
  return [
    ratesOverTime(names),
    failuresOverTime(names, {
      ...{ id: 'causes-over-time', title: 'Failures over time by cause', label: 'Cause' },
      ...{ by: 'cause', field: 'edgemicro.cause', grid: { x: 24, y: 6, w: 24, h: 12 } },
    }),
    failuresOverTime(names, {
      ...{ id: 'targets-over-time', title: 'Failures over time by target', label: 'Target' },
      ...{ by: 'target', field: 'edgemicro.target', grid: { x: 0, y: 18, w: 24, h: 12 } },
    }),
    failuresOverTime(names, {
      ...{ id: 'codes-over-time', title: 'Failures over time by code', label: 'Code' },
      ...{ by: 'code', field: 'error.code', absent: 'none', grid: { x: 24, y: 18, w: 24, h: 12 } },
    }),
  ]
}

function groups(names: Names): readonly Panel[] {
  const rated = (id: string, title: string, by: string, field: string, label: string, x: number): Panel => ({
    id,
    title,
    grid: { x, y: 30, w: 24, h: 14 },
    query: query(
      `FROM ${names.frequency}`,
      `EVAL ${known(by, field)}, ${RATED_FIELDS}`,
      `STATS ${GROUP_SUMS} BY ${by}`,
      `EVAL ${GROUP_RATES}`,
      `KEEP ${by}, requests, failures, resets, failure_rate_pct, reset_rate_pct`,
      `SORT failures DESC, requests DESC NULLS LAST, ${by}`,
      'LIMIT 200',
    ),
    columns: [
      keyword(by, label),
      long('requests', 'Requests'),
      long('failures', 'Failures'),
      long('resets', 'Resets'),
      double('failure_rate_pct', 'Failures, %'),
      double('reset_rate_pct', 'Resets, %'),
    ],
    visualization: { kind: 'table' },
  })
  return [
    rated('targets', 'By target', 'target', 'edgemicro.target', 'Target', 0),
    rated('proxies', 'By API proxy', 'proxy', 'edgemicro.proxy', 'API proxy', 24),
    failuresBy(names, {
      ...{ id: 'causes', title: 'By cause', label: 'Cause' },
      ...{ by: 'cause', field: 'edgemicro.cause', grid: { x: 0, y: 44, w: 12, h: 12 } },
    }),
    failuresBy(names, {
      ...{ id: 'codes', title: 'By code', label: 'Code' },
      ...{ by: 'code', field: 'error.code', absent: 'none', grid: { x: 12, y: 44, w: 12, h: 12 } },
    }),
  ]
}

function newTargets(names: Names): Panel {
  return {
    id: 'new-targets',
    title: 'New targets failing today',
    description: 'The first failure of the last 30 days came within the last 24 hours.',
    grid: { x: 24, y: 44, w: 24, h: 12 },
    query: query(
      `FROM ${names.frequency}`,
      'WHERE edgemicro.failures > 0 AND edgemicro.target IS NOT NULL',
      'STATS first_failure = MIN(@timestamp), last_failure = MAX(@timestamp), failures = SUM(edgemicro.failures), resets = SUM(edgemicro.resets) BY target = edgemicro.target',
      'WHERE first_failure >= NOW() - 24 hours',
      'KEEP target, first_failure, last_failure, failures, resets',
      'SORT first_failure DESC, target',
      'LIMIT 100',
    ),
    columns: [
      keyword('target', 'Target'),
      date('first_failure', 'First failure'),
      date('last_failure', 'Last failure'),
      long('failures', 'Failures'),
      long('resets', 'Resets'),
    ],
    visualization: { kind: 'table' },
    timeRange: { from: 'now-30d', to: 'now' },
  }
}

/**
 * Requests by gateway stand in the traffic alone. Gateways that log no requests tell their number in their statistics;
 * where both are there they count the same requests.
 */
function gateways(names: Names): Panel {
  const failure = 'event.dataset == "edgemicro.failure"'
  return {
    id: 'gateways',
    title: 'By gateway',
    description: 'Rates of the minutes in which the gateway counted requests.',
    grid: { x: 0, y: 56, w: 48, h: 12 },
    query: query(
      `FROM ${names.failures},${names.traffic}`,
      `EVAL ${known('gateway', 'edgemicro.gateway')}, minute = DATE_TRUNC(1 minute, @timestamp)`,
      [
        `STATS failures = COUNT(CASE(${failure}, 1, null))`,
        `resets = COUNT(CASE(${failure} AND error.code == "ECONNRESET", 1, null))`,
        'by_lines = SUM(CASE(edgemicro.basis == "lines", edgemicro.requests, null))',
        'by_stats = SUM(CASE(edgemicro.basis == "stats", edgemicro.requests, null)) BY gateway, minute',
      ].join(', '),
      'EVAL requests = COALESCE(by_lines, by_stats)',
      'EVAL rated_failures = CASE(requests > 0, failures, null), rated_resets = CASE(requests > 0, resets, null)',
      'STATS requests = SUM(requests), failures = SUM(failures), resets = SUM(resets), rated_failures = SUM(rated_failures), rated_resets = SUM(rated_resets) BY gateway',
      `EVAL ${GROUP_RATES.replaceAll('rated_requests', 'requests')}`,
      'KEEP gateway, requests, failures, resets, failure_rate_pct, reset_rate_pct',
      'SORT failures DESC, requests DESC NULLS LAST, gateway',
      'LIMIT 200',
    ),
    columns: [
      keyword('gateway', 'Gateway'),
      long('requests', 'Requests'),
      long('failures', 'Failures'),
      long('resets', 'Resets'),
      double('failure_rate_pct', 'Failures, %'),
      double('reset_rate_pct', 'Resets, %'),
    ],
    visualization: { kind: 'table' },
  }
}
