import { date, double, keyword, known, long, query, text } from '../columns.js'
import type { Dashboard, Panel } from '../model.js'
import type { Names } from '../names.js'
import { failuresBy, failuresOverTime, ratesOverTime, totals } from './panels.js'

/** Everything about one target, which is chosen at its head. */
export const target = (names: Names): Dashboard => ({
  id: 'target',
  title: 'Target',
  description:
    'One target host:port, chosen at the top: when it fails, how long its connections had been idle, how long requests took, and the last failures with their correlation ids.',
  timeRange: { from: 'now-24h', to: 'now' },
  controls: [{ id: 'target', title: 'Target', field: 'edgemicro.target', singleSelect: true }],
  panels: [
    ...totals(names),
    ratesOverTime(names),
    failuresOverTime(names, {
      ...{ id: 'causes-over-time', title: 'Failures over time by cause', label: 'Cause' },
      ...{ by: 'cause', field: 'edgemicro.cause', grid: { x: 24, y: 6, w: 24, h: 12 } },
    }),
    idle(names),
    elapsed(names),
    failuresBy(names, {
      ...{ id: 'codes', title: 'By code', label: 'Code' },
      ...{ by: 'code', field: 'error.code', absent: 'none', grid: { x: 0, y: 30, w: 12, h: 12 } },
    }),
    failuresBy(names, {
      ...{ id: 'gateways', title: 'By gateway', label: 'Gateway' },
      ...{ by: 'gateway', field: 'edgemicro.gateway', grid: { x: 12, y: 30, w: 12, h: 12 } },
    }),
    workers(names),
    lastFailures(names),
  ],
})

/** Races pile up just above the idle timeout of the target: the step in this picture is that timeout. */
function idle(names: Names): Panel {
  return {
    id: 'idle',
    title: 'Idle time of the connection before the failure, s',
    description: 'A pile at one place is the idle timeout of the target. Whole seconds, up to the evidence horizon.',
    grid: { x: 0, y: 18, w: 24, h: 12 },
    query: query(
      `FROM ${names.failures}`,
      'WHERE edgemicro.evidence.idle_ms IS NOT NULL',
      `EVAL idle_s = FLOOR(edgemicro.evidence.idle_ms / 1000), ${known('cause', 'edgemicro.cause')}`,
      'STATS failures = COUNT(*) BY idle_s, cause',
      'SORT idle_s, cause',
      'LIMIT 10000',
    ),
    columns: [double('idle_s', 'Idle, s'), keyword('cause', 'Cause'), long('failures', 'Failures')],
    visualization: { kind: 'xy', series: 'bar_stacked', x: 'idle_s', y: ['failures'], by: 'cause' },
  }
}

/** From one millisecond to a minute: bands that grow. */
const BANDS_MS = [0, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000]

function elapsed(names: Names): Panel {
  const field = 'edgemicro.evidence.elapsed_ms'
  const [last, ...lower] = [...BANDS_MS].reverse()
  const bands = lower.reverse().map((from, index) => `${field} < ${BANDS_MS[index + 1]}, ${from}`)
  return {
    id: 'elapsed',
    title: 'Time until the failure, from … ms',
    grid: { x: 24, y: 18, w: 24, h: 12 },
    query: query(
      `FROM ${names.failures}`,
      `WHERE ${field} IS NOT NULL`,
      `EVAL from_ms = CASE(${bands.join(', ')}, ${last})`,
      'STATS failures = COUNT(*) BY from_ms',
      'SORT from_ms',
      'EVAL elapsed = CONCAT(TO_STRING(from_ms), " ms")',
      'KEEP elapsed, failures',
    ),
    columns: [keyword('elapsed', 'From'), long('failures', 'Failures')],
    visualization: { kind: 'xy', series: 'bar', x: 'elapsed', y: ['failures'] },
  }
}

function workers(names: Names): Panel {
  return {
    id: 'workers',
    title: 'By worker',
    description: 'Each worker of a gateway has its own pool of connections.',
    grid: { x: 24, y: 30, w: 24, h: 12 },
    query: query(
      `FROM ${names.failures}`,
      `EVAL ${known('gateway', 'edgemicro.gateway')}, ${known('worker', 'edgemicro.worker')}`,
      'STATS failures = COUNT(*), resets = COUNT(CASE(error.code == "ECONNRESET", 1, null)), first_failure = MIN(@timestamp), last_failure = MAX(@timestamp) BY gateway, worker',
      'KEEP gateway, worker, failures, resets, first_failure, last_failure',
      'SORT failures DESC, gateway, worker',
      'LIMIT 200',
    ),
    columns: [
      keyword('gateway', 'Gateway'),
      keyword('worker', 'Worker'),
      long('failures', 'Failures'),
      long('resets', 'Resets'),
      date('first_failure', 'First failure'),
      date('last_failure', 'Last failure'),
    ],
    visualization: { kind: 'table' },
  }
}

function lastFailures(names: Names): Panel {
  return {
    id: 'last-failures',
    title: 'Last failures',
    description: 'hangup explain CORRELATION_ID tells the story of each.',
    grid: { x: 0, y: 42, w: 48, h: 18 },
    query: query(
      `FROM ${names.failures}`,
      'SORT @timestamp DESC, http.request.id',
      'LIMIT 100',
      `EVAL time = @timestamp, correlation_id = http.request.id, ${known('target', 'edgemicro.target')}, cause = edgemicro.cause, code = error.code, status = http.response.status_code, idle_ms = edgemicro.evidence.idle_ms, elapsed_ms = edgemicro.evidence.elapsed_ms, proxy = edgemicro.proxy, path = url.path, gateway = edgemicro.gateway, worker = edgemicro.worker, message = error.message`,
      'KEEP time, correlation_id, target, cause, code, status, idle_ms, elapsed_ms, proxy, path, gateway, worker, message',
    ),
    columns: [
      date('time', 'Time'),
      keyword('correlation_id', 'Correlation id'),
      keyword('target', 'Target'),
      keyword('cause', 'Cause'),
      keyword('code', 'Code'),
      long('status', 'Status'),
      double('idle_ms', 'Idle, ms'),
      double('elapsed_ms', 'Elapsed, ms'),
      keyword('proxy', 'API proxy'),
      keyword('path', 'Path'),
      keyword('gateway', 'Gateway'),
      keyword('worker', 'Worker'),
      text('message', 'Message'),
    ],
    visualization: { kind: 'table' },
  }
}
