import type { TargetIdleTimes } from '../../diagnose/target-idle-times.js'
import { longEnough, type WhatIf } from '../../diagnose/what-if.js'
import { serversClosingAfter } from '../../keepalive/known-servers.js'
import { saferTimeoutMs } from '../../keepalive/safer-timeout.js'
import type { TargetEstimate } from '../estimates.js'
import { type Estimated, isEstimated } from '../target-facts.js'
import { formatCount, formatSetting } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'

/** What `hangup keepalive estimate` says of each target, for people. */
export function renderEstimates(targets: readonly TargetEstimate[], surface: Page): string[] {
  if (targets.length === 0) return ['Nothing to estimate: these logs tell of no request to a target.']
  return targets.flatMap((each, index) => [...(index === 0 ? [] : ['']), ...targetLines(each, surface)])
}

type Page = Pick<Surface, 'width' | 'style'>

function targetLines(each: TargetEstimate, page: Page): string[] {
  const title = page.style.bold(visible(each.target))
  const { estimate } = each
  if (!isEstimated(estimate)) return [title, ...sentences([`not enough evidence: ${missing(each)}`], page)]
  return [
    title,
    ...sentences([answer(estimate), servers(estimate)], page),
    ...histogram(each.idleTimes, estimate.timeoutMs, page),
    ...whatIfLines(estimate, each.whatIf, page),
  ]
}

function sentences(texts: readonly string[], { width }: Page): string[] {
  return texts.flatMap((text) => wrap(text, Math.min(width, 90) - INDENT)).map((line) => `  ${line}`)
}

const INDENT = 2

function answer({ timeoutMs, lowMs, highMs, races }: Estimated): string {
  return `closes idle connections after ${seconds(timeoutMs)} s (95 % certain: ${seconds(lowMs)}–${seconds(highMs)}), as ${formatCount(races)} keep-alive races tell`
}

function servers({ lowMs, highMs }: Estimated): string {
  const names = serversClosingAfter(lowMs, highMs).map(({ title, basis }) => `${title} (${basis})`)
  return names.length === 0 ? 'the default of no usual server' : `the default of ${names.join(', ')}`
}

function missing({ estimate: { races }, idleTimes, unknownResets }: TargetEstimate): string {
  const resets = sum(idleTimes.resets)
  if (resets === 0 && unknownResets > 0) {
    const its = unknownResets === 1 ? 'connection its reset' : `connections its ${formatCount(unknownResets)} resets`
    return `no line says which ${its} took; set logging.level: info on the gateway and read a new log`
  }
  if (resets === 0)
    return `none of its connections was reset after it had been idle (${formatCount(sum(idleTimes.well))} were used again and did well)`
  const few = `${formatCount(resets)} ${resets === 1 ? 'reset' : 'resets'} of connections that had been idle, ${formatCount(races)} of them likely keep-alive races`
  return `${few}; an estimate needs at least five races at about one idle time, and more where resets come at any`
}

/** Borders of the rows, as shares of the timeout. */
const BORDERS = [0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.05, 1.1, 1.2, 1.5, 2, Number.POSITIVE_INFINITY]
const BAR = 20

function histogram(idleTimes: TargetIdleTimes, timeoutMs: number, { width, style }: Page): string[] {
  const rows = BORDERS.slice(0, -1).map((border, index) => {
    const [fromMs, toMs] = [border * timeoutMs, BORDERS[index + 1] * timeoutMs]
    const range = Number.isFinite(toMs) ? `${seconds(fromMs)}–${seconds(toMs)}` : `${seconds(fromMs)} and more`
    return { range, ...idleTimes.between(fromMs, toMs) }
  })
  const bar = (count: number, of: 'well' | 'resets'): string => {
    const most = Math.max(1, ...rows.map((row) => row[of]))
    return '#'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * BAR)))
  }
  const columns = [
    { title: 'idle, s', align: 'right' },
    { title: 'reset', align: 'right' },
    { title: '', emphasis: 'bold' },
    { title: 'ended well', align: 'right' },
    { title: '', emphasis: 'dim' },
  ] as const
  const cells = rows.map(({ range, well, resets }) => [
    range,
    formatCount(resets),
    bar(resets, 'resets'),
    formatCount(well),
    bar(well, 'well'),
  ])
  return ['', ...renderTable({ columns, rows: cells }, { width, indent: INDENT, style })]
}

function whatIfLines({ races, timeoutMs, lowMs }: Estimated, others: readonly WhatIf[], page: Page): string[] {
  const columns = [
    { title: 'its timeout, s', align: 'right' },
    { title: 'races avoided', align: 'right' },
    { title: '' },
  ] as const
  const enoughMs = longEnough(races, timeoutMs, others)
  // At still longer ones nothing changes any more.
  const last = others.findIndex(({ idleTimeoutMs, avoided }) => idleTimeoutMs > timeoutMs && avoided === races)
  const rows = others
    .slice(0, last === -1 ? undefined : last + 1)
    .map(({ idleTimeoutMs, avoided }) => [
      String(idleTimeoutMs / 1_000),
      `${formatCount(avoided)} of ${formatCount(races)}`,
      idleTimeoutMs === enoughMs ? 'enough' : '',
    ])
  const plugin = `With the plugin that hangup keepalive plugin --timeout ${formatSetting(saferTimeoutMs(lowMs))} writes, the gateway gives connections up first: all ${formatCount(races)} are avoided.`
  return ['', ...renderTable({ columns, rows }, { ...page, indent: INDENT }), ...sentences([plugin], page)]
}

/** `5.00`: a timeout of some seconds is known to a hundredth at best. */
function seconds(ms: number): string {
  return (ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)
}

function sum(counts: Float64Array): number {
  return counts.reduce((all, count) => all + count, 0)
}

/** The same for scripts (contract.md). */
export function estimateJson(targets: readonly TargetEstimate[]): object {
  return {
    targets: targets.map(({ target, estimate, whatIf, idleTimes, unknownResets }) => ({
      target,
      state: estimate.state,
      idle_timeout_ms: estimate.timeoutMs,
      low_ms: estimate.lowMs,
      high_ms: estimate.highMs,
      races: estimate.races,
      resets: sum(idleTimes.resets),
      unknown_resets: unknownResets,
      servers: isEstimated(estimate)
        ? serversClosingAfter(estimate.lowMs, estimate.highMs).map(({ name }) => name)
        : [],
      what_if: whatIf.map(({ idleTimeoutMs, avoided }) => ({ idle_timeout_ms: idleTimeoutMs, avoided })),
      plugin: isEstimated(estimate)
        ? { idle_timeout_ms: saferTimeoutMs(estimate.lowMs), avoided: estimate.races }
        : null,
    })),
  }
}
