/** The answers to the data of `test/support/kibana/seed.ts`, worked out by hand from its rows. */

type Rows = readonly (readonly unknown[])[]
type Answer = (nowMs: number) => Rows

const MINUTE_MS = 60_000

function at(nowMs: number, minute: number): string {
  return new Date(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + (minute - 60) * MINUTE_MS).toISOString()
}

const ago = (nowMs: number, minutes: number): string => new Date(nowMs - minutes * MINUTE_MS).toISOString()

const FLAKY_TARGET = 'flaky.example:8080'
const SLOW_TARGET = 'slow.example:443'
const BARE_TARGET = 'bare.example:80'

/** At the head of Overview and Target: 1,100 requests in covered minutes with 6 failures, 4 of them resets. */
const TOTALS: Readonly<Record<string, Answer>> = {
  failures: () => [[8]],
  resets: () => [[5]],
  'failing-targets': () => [[3]],
  requests: () => [[1100]],
  'failure-rate': () => [[0.55]],
  'reset-rate': () => [[0.36]],
}

const CODES: Answer = () => [
  ['ECONNRESET', 5],
  ['none', 2],
  ['ENOTFOUND', 1],
]

const failure = (nowMs: number, minute: number, id: number, rest: readonly unknown[]): readonly unknown[] => [
  at(nowMs, minute),
  `id-${id}`,
  ...rest,
]

const RACE = ['keepalive_race', 'ECONNRESET', 502]
const LAST = ['pay', '/x', 'gw-1', '1', 'socket hang up']

/** Panels whose rows are the same at whatever minute the test runs. */
export const EXPECTED: Readonly<Record<string, Answer>> = {
  ...named('overview', TOTALS),
  'overview/targets': () => [
    [FLAKY_TARGET, 1000, 4, 4, 0.4, 0.4],
    [SLOW_TARGET, 100, 2, 0, 2, 0],
    ['unknown', 7, 1, 0, null, null],
    [BARE_TARGET, null, 1, 1, null, null],
  ],
  'overview/proxies': () => [
    ['pay', 1000, 5, 5, 0.4, 0.4],
    ['orders', 100, 2, 0, 2, 0],
    ['unknown', 7, 1, 0, null, null],
  ],
  'overview/causes': () => [
    ['keepalive_race', 4],
    ['target_timeout', 2],
    ['dns_notfound', 1],
    ['premature_close', 1],
  ],
  'overview/codes': CODES,
  'overview/new-targets': (nowMs) => [
    [BARE_TARGET, at(nowMs, 15), at(nowMs, 15), 1, 1],
    [SLOW_TARGET, at(nowMs, 10), at(nowMs, 40), 2, 0],
  ],
  'overview/gateways': () => [
    ['gw-1', 1000, 4, 4, 0.4, 0.4],
    ['gw-2', 100, 2, 0, 2, 0],
    ['gw-3', 10, 1, 1, 0, 0],
    ['unknown', null, 1, 0, null, null],
  ],
  ...named('target', TOTALS),
  'target/idle': () => [
    [0, 'premature_close', 1],
    [5, 'keepalive_race', 2],
    [6, 'keepalive_race', 1],
    [61, 'keepalive_race', 1],
  ],
  'target/elapsed': () => [
    ['0 ms', 3],
    ['10 ms', 1],
    ['20 ms', 1],
    ['500 ms', 1],
    ['30000 ms', 1],
    ['60000 ms', 1],
  ],
  'target/codes': CODES,
  'target/gateways': () => [
    ['gw-1', 4],
    ['gw-2', 2],
    ['gw-3', 1],
    ['unknown', 1],
  ],
  'target/workers': (nowMs) => [
    ['gw-1', '1', 4, 4, at(nowMs, 10), at(nowMs, 30)],
    ['gw-2', '2', 2, 0, at(nowMs, 10), at(nowMs, 40)],
    ['gw-3', '1', 1, 1, at(nowMs, 15), at(nowMs, 15)],
    ['unknown', 'unknown', 1, 0, at(nowMs, 20), at(nowMs, 20)],
  ],
  'shipper-health/lag-now': () => [[400]],
  'shipper-health/unsent-now': () => [[5]],
  'shipper-health/lines': () => [[307]],
  'shipper-health/rejections': () => [[2]],
  'shipper-health/orphans': () => [[2]],
  'shipper-health/refused': () => [[1]],
}

interface ByTime {
  /** What does not depend on where the cuts of the time axis fall. */
  readonly series: (rows: Rows, nowMs: number) => unknown
  readonly answer: (nowMs: number) => unknown
}

const sums = (rows: Rows): Record<string, number> => {
  const bySeries: Record<string, number> = {}
  for (const [, name, count] of rows) bySeries[String(name)] = (bySeries[String(name)] ?? 0) + Number(count)
  return bySeries
}

const greatest = (rows: Rows): Record<string, number | null> => {
  const bySeries: Record<string, number | null> = {}
  for (const [, name, value] of rows) {
    const known = bySeries[String(name)] ?? null
    bySeries[String(name)] = value === null ? known : Math.max(known ?? 0, Number(value))
  }
  return bySeries
}

const CAUSES = { keepalive_race: 4, target_timeout: 2, dns_notfound: 1, premature_close: 1 }

/** Minute, requests, failures and resets of the covered minutes with a target. */
const COVERED: readonly (readonly [number, number, number, number])[] = [
  [10, 250, 3, 2],
  [20, 100, 1, 1],
  [30, 100, 1, 1],
  [31, 600, 0, 0],
  [40, 50, 1, 0],
]

const HALF_HOUR_MS = 30 * MINUTE_MS

/** Fifty parts of a day are half hours, cut at whole ones. */
function ratesByHalfHour(nowMs: number): Rows {
  const parts = new Map<number, [number, number, number]>()
  for (const [minute, ...counts] of COVERED) {
    const part = Math.floor(Date.parse(at(nowMs, minute)) / HALF_HOUR_MS) * HALF_HOUR_MS
    const sum = parts.get(part) ?? [0, 0, 0]
    parts.set(part, [sum[0] + counts[0], sum[1] + counts[1], sum[2] + counts[2]])
  }
  const percent = (part: number, whole: number): number => Math.round((10_000 * part) / whole) / 100
  return [...parts].map(([part, [requests, failures, resets]]) => [
    new Date(part).toISOString(),
    percent(failures, requests),
    percent(resets, requests),
  ])
}

const RATES: ByTime = { series: (rows) => rows, answer: ratesByHalfHour }
const BY_CAUSE: ByTime = { series: sums, answer: () => CAUSES }

/** Panels with a time axis, and those that tell of this moment. */
export const BY_TIME: Readonly<Record<string, ByTime>> = {
  'overview/rates-over-time': RATES,
  'target/rates-over-time': RATES,
  'overview/causes-over-time': BY_CAUSE,
  'target/causes-over-time': BY_CAUSE,
  'overview/targets-over-time': {
    series: sums,
    answer: () => ({ [FLAKY_TARGET]: 4, [SLOW_TARGET]: 2, [BARE_TARGET]: 1, unknown: 1 }),
  },
  'overview/codes-over-time': { series: sums, answer: () => ({ ECONNRESET: 5, none: 2, ENOTFOUND: 1 }) },
  'target/last-failures': {
    series: (rows) => [rows[0], rows.map(([, id]) => id)],
    answer: (nowMs) => [
      failure(nowMs, 40, 5, [
        ...[SLOW_TARGET, 'target_timeout', null, 504, null, 61_000],
        ...['orders', '/x', 'gw-2', '2', null],
      ]),
      [5, 3, 2, 6, 7, 0, 1, 4].map((id) => `id-${id}`),
    ],
  },
  'shipper-health/lag-over-time': { series: greatest, answer: () => ({ 'a1 / edge': 9000, 'a2 / edge': null }) },
  'shipper-health/unsent-over-time': { series: greatest, answer: () => ({ 'a1 / edge': 50, 'a2 / edge': 0 }) },
  'shipper-health/lines-over-time': { series: sums, answer: () => ({ 'a1 / edge': 300, 'a2 / edge': 7 }) },
  'shipper-health/troubles-over-time': {
    series: (rows) => [1, 2, 3, 4, 5, 6].map((index) => rows.reduce((sum, row) => sum + Number(row[index]), 0)),
    answer: () => [2, 2, 1, 2, 3, 0],
  },
  'shipper-health/shippers': {
    // The fourth column counts the minutes since; the test itself takes some.
    series: (rows) => rows.map((row) => row.map((value, index) => (index === 3 ? Number(value) >= 1 : value))),
    answer: (nowMs) => [
      ['a1', 'edge', ago(nowMs, 1), true, 9000, 50, 300, 20, 10, 2, 2, 1, 2, 3, 0],
      ['a2', 'edge', ago(nowMs, 20), true, null, 0, 7, 0, null, 0, 0, 0, 0, 0, 0],
    ],
  },
}

/** Some panels of Target where flaky.example:8080 is chosen. */
export const FLAKY: Readonly<Record<string, Answer>> = {
  'target/failures': () => [[4]],
  'target/failing-targets': () => [[1]],
  'target/requests': () => [[1000]],
  'target/failure-rate': () => [[0.4]],
  'target/codes': () => [['ECONNRESET', 4]],
  'target/idle': () => [
    [5, 'keepalive_race', 2],
    [6, 'keepalive_race', 1],
    [61, 'keepalive_race', 1],
  ],
  'target/workers': (nowMs) => [['gw-1', '1', 4, 4, at(nowMs, 10), at(nowMs, 30)]],
  'target/last-failures': (nowMs) => [
    failure(nowMs, 30, 3, [FLAKY_TARGET, ...RACE, 61_000, 999, ...LAST]),
    failure(nowMs, 20, 2, [FLAKY_TARGET, ...RACE, 6001, 45, ...LAST]),
    failure(nowMs, 10, 0, [FLAKY_TARGET, ...RACE, 5012, 3, ...LAST]),
    failure(nowMs, 10, 1, [FLAKY_TARGET, ...RACE, 5900, 12, ...LAST]),
  ],
}

function named(dashboard: string, answers: Readonly<Record<string, Answer>>): Record<string, Answer> {
  return Object.fromEntries(Object.entries(answers).map(([panel, answer]) => [`${dashboard}/${panel}`, answer]))
}
