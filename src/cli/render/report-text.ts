import type { Counts, Report, ReportNumbers, TargetReport } from '../../frequency/report.js'
import { formatCount, formatDuration, formatInstant, formatShare, formatShareRange } from '../terminal/numbers.js'
import type { Style } from '../terminal/style.js'
import { renderTable, type Table } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { displayWidth, visible, wrap } from '../terminal/text.js'
import { meaningOf } from './causes.js'
import { renderLedger } from './ledger-text.js'

export interface ReportNotes {
  /** Where the logs lie, in event time, when nothing of them lies in the range that was asked for. */
  readonly outside?: { readonly minMs: number; readonly maxMs: number } | null
}

/**
 * The report for people, as lines that fit the surface: how often, since when, what to change, which targets and
 * APIs, why, and what became of every line. Texts from the log are made visible.
 */
export function renderReport(
  report: Report,
  { width, style }: Pick<Surface, 'width' | 'style'>,
  { outside = null }: ReportNotes = {},
): string[] {
  const page: Page = { width: Math.max(width, MIN_WIDTH), textWidth: Math.min(width, MAX_TEXT_WIDTH), style }
  const sections =
    report.failures === 0
      ? [outside === null ? headline(report, page) : nothingInRange(outside, page), range(report, page)]
      : [
          headline(report, page),
          range(report, page),
          missingRate(report, page),
          advice(report.targets, page),
          groups(
            'Targets',
            'target',
            report.targets.map((row) => ({ ...row, name: row.target })),
            page,
          ),
          groups(
            'APIs',
            'API',
            report.proxies.map((row) => ({ ...row, name: row.proxy })),
            page,
          ),
          causes(report, page),
          codes(report, page),
        ]
  return [...sections, ledger(report, page)]
    .filter((lines) => lines.length > 0)
    .flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]))
}

interface Page {
  readonly width: number
  /** Sentences are easier to read when they are not too long. */
  readonly textWidth: number
  readonly style: Style
}

const MIN_WIDTH = 40
const MAX_TEXT_WIDTH = 90
/** Rows of a table; what lies below is summed up in one line. */
const MAX_ROWS = 20
const MAX_ADVICE = 10
const INDENT = 2
/** Keeps words together where lines are broken (`wrap`). */
const UNBROKEN = '\u00a0'
/** A blank between a number and its unit. */
const BEFORE_UNIT = /(?<=\d) (?=(?:%|ms|s|min|h|d)(?!\w))/g

function nothingInRange({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }, page: Page): string[] {
  const text = `Nothing to report: no lines in this range; these logs go from ${formatInstant(minMs)} to ${formatInstant(maxMs)}.`
  return wrap(text, page.textWidth).map((line) => page.style.bold(line))
}

function headline(
  { ledger, requests, failures, rate, rate_low, rate_high }: Report,
  { style, textWidth }: Page,
): string[] {
  const sentence = (text: string): string[] => wrapUnits(text, textWidth).map((line) => style.bold(line))
  if (ledger.lines === 0) return sentence('Nothing to report: there is not a single line in these logs.')
  if (failures === 0) {
    const among = requests === null ? '' : ` among ${formatCount(requests)}`
    const certainty = rate_high === null ? '' : ` (the rate is surely below ${formatShare(rate_high)})`
    return sentence(`No failed request${among}${certainty}.`).map(style.green)
  }
  if (rate === null || rate_low === null || rate_high === null || requests === null) {
    return sentence(`${formatCount(failures)} ${failures === 1 ? 'request' : 'requests'} failed.`)
  }
  const interval = `(95 % certain: ${formatShareRange(rate_low, rate_high)})`
  return sentence(
    `${formatCount(failures)} of ${formatCount(requests)} requests failed: ${formatShare(rate)} ${interval}.`,
  )
}

function range(report: Report, { style }: Page): string[] {
  const first = milliseconds(report.first_failure)
  const last = milliseconds(report.last_failure)
  const since = milliseconds(report.since)
  const until = milliseconds(report.until)
  const row = (name: string, text: string): string => `  ${style.dim(name.padEnd(14))}${text}`
  return [
    ...(since === null ? [] : [row('since', formatInstant(since))]),
    ...(until === null ? [] : [row('until', formatInstant(until))]),
    ...(first === null ? [] : [row('first failure', formatInstant(first))]),
    ...(first === null || last === null ? [] : [row('last failure', lastFailure(first, last))]),
  ]
}

function lastFailure(firstMs: number, lastMs: number): string {
  return lastMs === firstMs
    ? formatInstant(lastMs)
    : `${formatInstant(lastMs)}, ${formatDuration(lastMs - firstMs)} later`
}

function missingRate({ rate, requests, failures }: Report, { textWidth }: Page): string[] {
  if (rate !== null) return []
  const reason =
    requests === null
      ? 'No rate: these logs do not say how many requests were made.'
      : failures <= requests
        ? 'No rate: some of these failures come from logs that do not count their requests.'
        : `No rate: these logs tell of ${formatCount(requests)} requests only, fewer than the ${formatCount(failures)} that failed.`
  return wrap(
    `${reason} Set logging.level:${UNBROKEN}info (or logging.stats_log_interval) on the gateway to have them counted.`,
    textWidth,
  )
}

type Named = ReportNumbers & { readonly name: string }

function groups(title: string, column: string, rows: readonly Named[], { width, style }: Page): string[] {
  const failing = rows.filter(({ failures }) => failures > 0)
  if (failing.length === 0) return []
  const shown = failing.slice(0, MAX_ROWS)
  const hasRates = shown.some(({ rate }) => rate !== null)
  const table: Table = {
    columns: [
      { title: column },
      { title: 'failures', align: 'right', emphasis: 'bold' },
      ...(hasRates ? RATE_COLUMNS : []),
    ],
    rows: shown.map((row) => [row.name, formatCount(row.failures), ...(hasRates ? rateCells(row) : [])]),
  }
  const more = [
    ...(failing.length > shown.length ? [`${formatCount(failing.length - shown.length)} more with failures`] : []),
    ...(rows.length > failing.length ? [`${formatCount(rows.length - failing.length)} without failures`] : []),
  ]
  return [
    style.bold(title),
    ...renderTable(table, { width, indent: INDENT, style }),
    ...(more.length > 0 ? [style.dim(`  and ${more.join(', ')}`)] : []),
    ...(hasRates && shown.some(isPartlyCounted)
      ? [style.dim('  -: some of the failures come from logs that do not count requests')]
      : []),
  ]
}

/** Requests are known, but not those of all the failures. */
const isPartlyCounted = ({ requests, rate, failures }: ReportNumbers): boolean =>
  rate === null && requests !== null && failures <= requests

const RATE_COLUMNS: Table['columns'] = [
  { title: 'requests', align: 'right' },
  { title: 'rate', align: 'right' },
  { title: '95 % range', align: 'right', emphasis: 'dim' },
]

function rateCells({ requests, rate, rate_low, rate_high }: ReportNumbers): string[] {
  return [
    requests === null ? '-' : formatCount(requests),
    rate === null ? '-' : formatShare(rate),
    rate_low === null || rate_high === null ? '-' : formatShareRange(rate_low, rate_high),
  ]
}

function causes({ by_cause, failures }: Report, { width, style }: Page): string[] {
  const rows = Object.entries(by_cause).map(([cause, count]) => [
    cause,
    formatCount(count),
    formatShare(count / failures),
  ])
  const titles = ['cause', 'failures', 'share']
  const used = titles.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => displayWidth(visible(row[index])))),
  )
  const left = width - INDENT - used.reduce((sum, each) => sum + each + GAP_WIDTH, 0)
  const table: Table = {
    columns: [
      { title: titles[0] },
      { title: titles[1], align: 'right', emphasis: 'bold' },
      { title: titles[2], align: 'right' },
      { title: '', align: 'left' },
    ],
    rows: rows.flatMap((row) => {
      const [first, ...rest] = wrap(meaningOf(row[0]), Math.max(left, MIN_MEANING_WIDTH))
      return [[...row, first], ...rest.map((text) => ['', '', '', text])]
    }),
  }
  return [style.bold('Why'), ...renderTable(table, { width, indent: INDENT, style })]
}

const GAP_WIDTH = 2
const MIN_MEANING_WIDTH = 20

function codes({ by_code, by_status }: Report, { textWidth, style }: Page): string[] {
  return [
    ...hanging('error codes', list(by_code), textWidth, style),
    ...hanging('status sent to clients', list(by_status), textWidth, style),
  ]
}

function list(counts: Counts): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_ROWS)
    .map(([key, count]) => `${visible(key)}:${UNBROKEN}${formatCount(count)}`)
    .join(', ')
}

function hanging(title: string, text: string, width: number, style: Style): string[] {
  const indent = 26
  const [first, ...rest] = wrap(text, width - indent)
  return [`  ${style.dim(title.padEnd(indent - 2))}${first}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)]
}

function advice(targets: readonly TargetReport[], { textWidth, style }: Page): string[] {
  const failing = targets.filter(({ failures }) => failures > 0).slice(0, MAX_ADVICE)
  if (failing.length === 0) return []
  return [
    style.bold('What to change'),
    ...failing.flatMap(({ advice: text }) => {
      const [first, ...rest] = wrapUnits(visible(text), textWidth - 2 * INDENT)
      return [`  ${first}`, ...rest.map((line) => `    ${line}`)]
    }),
  ]
}

function wrapUnits(text: string, width: number): string[] {
  return wrap(text.replaceAll(BEFORE_UNIT, UNBROKEN), width)
}

function ledger({ ledger: lines }: Report, { textWidth, style }: Page): string[] {
  return wrap(renderLedger(lines).replaceAll(/ \+ (\S+) /g, ` +${UNBROKEN}$1${UNBROKEN}`), textWidth).map(style.dim)
}

function milliseconds(time: string | null): number | null {
  return time === null ? null : Date.parse(time)
}
