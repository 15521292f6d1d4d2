import type { CaptureResult } from '../../pcap/capture-analysis.js'
import type { Finding, PathOf, TargetDocument } from '../../pcap/findings.js'
import type { CaptureMatches } from '../../pcap/match/capture-matches.js'
import { streamsFilter } from '../../pcap/tell/display-filter.js'
import type { Cause } from '../../records.js'
import type { Capture } from '../captures.js'
import { formatCount, formatDuration, formatInstant } from '../terminal/numbers.js'
import { renderTable } from '../terminal/table.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'
import { meaningOf } from './causes.js'
import { connectionLines } from './pcap-connection.js'

export interface PcapAnswer {
  readonly captures: readonly Capture[]
  readonly findings: readonly Finding[]
  readonly targets: readonly TargetDocument[]
  readonly pathOf: PathOf
  /** Connections to show of each cause. */
  readonly limit: number
  /** With the failures of logs; null: there are none. */
  readonly matches: CaptureMatches | null
}

/** What captures say, for people: the targets, then each cause with the packets of its first connections. */
export function renderPcap(answer: PcapAnswer, { width, style }: Pick<Surface, 'width' | 'style'>): string[] {
  const { captures, findings, targets } = answer
  const textWidth = Math.min(width, 100)
  const lines = captures.flatMap(({ name, files, result }) => [
    ...files.map((file) => style.bold(visible(file))),
    ...[...captureLines(result), ...clockLines(name, answer.matches)].flatMap((line) =>
      wrap(line, textWidth - 2).map((each) => `  ${each}`),
    ),
  ])
  if (targets.length > 0) lines.push('', ...targetTable(targets, findings, { width, style }))
  if (answer.matches !== null) lines.push('', ...matchLines(answer.matches, textWidth))
  const groups = groupByCause(findings.filter(({ verdict }) => verdict.cause !== 'none'))
  const ambiguous = answer.matches === null ? [] : ambiguousLines(answer.matches, answer.limit)
  if (groups.length === 0) return [...lines, '', 'No connection ended in a failure that packets show.', ...ambiguous]
  for (const [cause, group] of groups) {
    lines.push(
      '',
      style.bold(`${cause}: ${formatCount(group.length)} ${group.length === 1 ? 'connection' : 'connections'}`),
    )
    lines.push(
      ...wrap(cause === 'undetermined' ? 'the packets alone do not tell' : meaningOf(cause), textWidth - 2).map(
        (line) => `  ${line}`,
      ),
    )
    for (const finding of group.slice(0, answer.limit)) {
      const where = captures.length > 1 || finding.files.length > 1 ? `${partName(finding)}, ` : ''
      const whose = answer.matches?.ofFinding(finding)
      lines.push('', ...connectionLines(finding, { pathOf: answer.pathOf, where, whose }, { width: textWidth, style }))
    }
    if (group.length > answer.limit) lines.push('', ...restLines(group, answer))
  }
  return [...lines, ...ambiguous]
}

function captureLines({
  packets,
  streams,
  firstNs,
  lastNs,
  baseSeconds,
  contents,
  omitted,
  evicted,
}: CaptureResult): string[] {
  const from = formatInstant((baseSeconds + firstNs / 1_000_000_000) * 1_000)
  const over = packets === 0 ? '' : ` from ${from}, over ${formatDuration((lastNs - firstNs) / 1_000_000)}`
  const aside = ASIDE.filter(([name]) => contents[name] > 0).map(
    ([name, what]) => `${formatCount(contents[name])} ${what}`,
  )
  return [
    `${formatCount(packets)} packets${over}: ${formatCount(streams)} TCP connections`,
    ...(aside.length > 0 ? [`not looked at: ${aside.join(', ')}`] : []),
    ...(omitted > 0 ? [`${formatCount(omitted)} connections are counted only: there were too many to keep all`] : []),
    ...(evicted > 0
      ? [`${formatCount(evicted)} connections were judged before their end: too many were open at one time`]
      : []),
  ]
}

const ASIDE: readonly (readonly [keyof CaptureResult['contents'], string])[] = [
  ['other', 'packets without TCP'],
  ['fragment', 'IP fragments'],
  ['cut', 'packets that the capture cuts before the end of the TCP header'],
  ['malformed', 'malformed packets'],
  ['unknownLink', 'packets of a link type that is not understood'],
]

type Look = Pick<Surface, 'width' | 'style'>

function targetTable(
  targets: readonly TargetDocument[],
  findings: readonly Finding[],
  { width, style }: Look,
): string[] {
  const failures = new Map<string, number>()
  for (const { facts, verdict } of findings) {
    if (verdict.cause !== 'none') failures.set(facts.target, (failures.get(facts.target) ?? 0) + 1)
  }
  const shown = targets.slice(0, MAX_TARGETS)
  const table = renderTable(
    {
      columns: [
        { title: 'target' },
        { title: 'connections', align: 'right' },
        { title: 'requests', align: 'right' },
        { title: 'failures', align: 'right' },
        { title: 'closes idle connections after' },
      ],
      rows: shown.map((each) => [
        each.target,
        formatCount(each.connections),
        formatCount(each.requests),
        formatCount(failures.get(each.target) ?? 0),
        idleText(each),
      ]),
    },
    { width, style },
  )
  return targets.length > MAX_TARGETS
    ? [...table, `and ${formatCount(targets.length - MAX_TARGETS)} more targets`]
    : table
}

const MAX_TARGETS = 30

function idleText({
  idle_timeout_ms: timeoutMs,
  idle_timeout_low_ms: low,
  idle_timeout_high_ms: high,
  idle_closes: closes,
}: TargetDocument): string {
  if (timeoutMs === null) return '–'
  const range = low !== null && high !== null && closes > 1 ? `, ${Math.round(low)}–${Math.round(high)} ms` : ''
  return `${formatDuration(timeoutMs)} (${closes === 1 ? 'seen once' : `${formatCount(closes)} times`}${range})`
}

function clockLines(name: string, matches: CaptureMatches | null): string[] {
  if (matches === null) return []
  const offset = matches.offsets.get(name) ?? null
  if (offset === null) return ['nothing tells how far the clocks of logs and capture are apart']
  const { offsetMs, lowMs, highMs, fitting } = offset
  const by = `by ${formatCount(fitting)} ${fitting === 1 ? 'request' : 'requests'}`
  if (offsetMs === 0) return [`the clocks of logs and capture agree, ${by}`]
  const range = `${formatDuration(Math.abs(lowMs))}–${formatDuration(Math.abs(highMs))}`
  return [
    `the clock of the logs is ${formatDuration(Math.abs(offsetMs))} (${range}) ${offsetMs > 0 ? 'ahead of' : 'behind'} the capture's, ${by}`,
  ]
}

function matchLines({ all, unmatched, omitted }: CaptureMatches, width: number): string[] {
  const ambiguous = all.filter(({ basis }) => basis === 'ambiguous').length
  const parts = [
    `${formatCount(all.length - ambiguous)} found`,
    ...(ambiguous > 0 ? [`${formatCount(ambiguous)} that fit several connections or one perhaps by chance`] : []),
    ...(unmatched.length > 0 ? [`${formatCount(unmatched.length)} without packets`] : []),
    ...(omitted > 0 ? [`${formatCount(omitted)} not looked for: there were too many`] : []),
  ]
  return wrap(`failures of the logs within the captures: ${parts.join(', ')}`, width)
}

/** Failures whose packets are not told apart: the connections that fit, the likeliest first. */
function ambiguousLines({ all }: CaptureMatches, limit: number): string[] {
  const ambiguous = all.filter(({ basis }) => basis === 'ambiguous')
  if (ambiguous.length === 0) return []
  const lines = ambiguous.slice(0, limit).map(({ failure, requests }) => {
    const { files, facts } = requests[0].finding
    const streams = requests.slice(0, MAX_STREAMS).map(({ finding }) => finding.facts.places[0].index)
    const more = requests.length > MAX_STREAMS ? ', …' : ''
    return `  ${visible(failure.id)}: stream ${streams.join(', ')}${more} of ${visible(files[facts.places[0].file])}`
  })
  const rest = ambiguous.length - limit
  return ['', 'Not told apart:', ...lines, ...(rest > 0 ? [`  and ${formatCount(rest)} more (--limit)`] : [])]
}

const MAX_STREAMS = 5

/** The most frequent cause first. */
function groupByCause(findings: readonly Finding[]): readonly (readonly [Cause, readonly Finding[]])[] {
  const groups = new Map<Cause, Finding[]>()
  for (const finding of findings) {
    const { cause } = finding.verdict
    if (cause === 'none') continue
    const group = groups.get(cause)
    if (group === undefined) groups.set(cause, [finding])
    else group.push(finding)
  }
  return [...groups].sort(([, a], [, b]) => b.length - a.length)
}

/** The file in which a connection begins. */
const partName = ({ files, facts }: Finding): string => files[facts.places[0].file]

/** Streams are numbered in each file anew, so a filter holds for one file. */
function restLines(group: readonly Finding[], { captures, limit }: PcapAnswer): string[] {
  const byFile = new Map<string, number[]>()
  for (const { facts, files } of group) {
    const { file, index } = facts.places[facts.places.length - 1]
    byFile.set(files[file], [...(byFile.get(files[file]) ?? []), index])
  }
  const isOne = captures.length === 1 && captures[0].files.length === 1
  return [
    `  ${formatCount(group.length - limit)} more are not shown (--limit); all of them in Wireshark:`,
    ...[...byFile].map(([name, indexes]) => `  ${isOne ? '' : `${visible(name)}: `}${streamsFilter(indexes)}`),
  ]
}
