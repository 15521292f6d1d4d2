import { type Finding, type PathOf, toDocument } from '../../pcap/findings.js'
import type { CaptureMatch, CaptureMatches } from '../../pcap/match/capture-matches.js'
import { formatCount } from '../terminal/numbers.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'
import { connectionLines } from './pcap-connection.js'

/** What captures have of one failure. */
export interface Packets {
  /** Null where they have nothing. */
  readonly match: CaptureMatch | null
  /** With verdicts of log and packets together. */
  readonly findings: readonly Finding[]
}

export function packetsOf(id: string, matches: CaptureMatches): Packets {
  const match = matches.of(id)
  return { match, findings: match?.requests.map(({ finding }) => matches.judgedFinding(finding)) ?? [] }
}

/** What `explain --json --pcap` adds. */
export function packetsDocument({ match, findings }: Packets, pathOf: PathOf): object {
  if (match === null) return { packets: null }
  const { basis, offset } = match
  const connections = findings.map((finding) => toDocument(finding, pathOf))
  return { packets: { matched_by: basis, clock_offset_ms: offset?.offsetMs ?? null, connections } }
}

const MAX_SHOWN = 3

/** The packets that matter, as in a capture's own answer. */
export function renderPackets(
  { match, findings }: Packets,
  pathOf: PathOf,
  { width, style }: Pick<Surface, 'width' | 'style'>,
): string[] {
  const textWidth = Math.min(width, 100)
  if (match === null) return ['', 'The captures have no packets of it.']
  const shown = findings.slice(0, MAX_SHOWN)
  const head =
    match.basis !== 'ambiguous'
      ? `Its packets in ${match.capture}:`
      : findings.length === 1
        ? `These may be its packets in ${match.capture}, or they fit by chance:`
        : `${formatCount(findings.length)} connections in ${match.capture} fit it; which of them it was is not to be told${findings.length > MAX_SHOWN ? '. The likeliest' : ''}:`
  return [
    '',
    ...wrap(visible(head), textWidth),
    ...shown.flatMap((finding) => [
      '',
      ...connectionLines(finding, { pathOf, where: '' }, { width: textWidth, style }),
    ]),
  ]
}
