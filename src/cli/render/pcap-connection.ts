import { type Finding, type PathOf, partsOf, placeOf, stepsOf, timeOf } from '../../pcap/findings.js'
import type { CaptureMatch, MatchesOfFinding } from '../../pcap/match/capture-matches.js'
import { fileOf, numberInFile } from '../../pcap/packet-place.js'
import { formatCount } from '../terminal/numbers.js'
import type { Surface } from '../terminal/terminal.js'
import { visible, wrap } from '../terminal/text.js'

export interface ConnectionContext {
  readonly pathOf: PathOf
  /** Names the capture where there are several: goes before the stream's number. */
  readonly where: string
  readonly whose?: MatchesOfFinding
}

/** A connection with the packets that matter, each with a sentence, and filters for Wireshark. */
export function connectionLines(
  finding: Finding,
  { pathOf, where, whose }: ConnectionContext,
  { width, style }: Pick<Surface, 'width' | 'style'>,
): string[] {
  const { facts, verdict } = finding
  const steps = stepsOf(finding, pathOf)
  const parts = partsOf(finding, steps)
  const isLong = parts.length > 1
  const sure = verdict.confidence > 0 && verdict.confidence < 1 ? ` (confidence ${verdict.confidence})` : ''
  const numberWidth = Math.max(6, ...steps.map(({ packet }) => String(numberInFile(packet)).length))
  const [first] = parts
  let file = 0
  return [
    `  ${style.cyan(visible(`${where}stream ${first.index}`))}  ${facts.client} → ${facts.target}${sure}`,
    ...whoseLines(whose).map((line) => `  ${line}`),
    ...steps.flatMap(({ packet, timeNs, says }) => {
      const time = timeOf(finding, timeNs).slice(11, 26)
      const [head, ...more] = wrap(visible(says), Math.max(30, width - numberWidth - 22))
      const indent = ' '.repeat(numberWidth + 21)
      const place = placeOf(finding, packet)
      const isNext = isLong && fileOf(packet) !== file
      file = fileOf(packet)
      return [
        ...(isNext ? [`  ${style.cyan(visible(`${place.capture}, stream ${place.index}`))}`] : []),
        `  ${String(place.packet).padStart(numberWidth)}  ${style.dim(time)}  ${head}`,
        ...more.map((line) => indent + line),
      ]
    }),
    ...parts
      .filter(({ packets }) => packets.length > 0 || !isLong)
      .flatMap(({ capture, filter, packets_filter: packets }) => [
        style.dim(visible(`  Wireshark: ${filter}${isLong ? ` in ${capture}` : ''}`)),
        ...(packets === null ? [] : [style.dim(`             ${packets}`)]),
      ]),
  ]
}

const BASES = { id: 'its id', path: 'its path and time', time: 'its time' } as const
const MAX_POSSIBLE = 3

function whoseLines({ sure, possible }: MatchesOfFinding = { sure: [], possible: [] }): string[] {
  const at = ({ failure }: CaptureMatch): string =>
    `${visible(failure.id)}, logged at ${new Date(failure.endMs).toISOString().slice(11, 23)}`
  const more = possible.length - MAX_POSSIBLE
  return [
    ...sure.map((match) => `failure ${at(match)}: found by ${match.basis === 'ambiguous' ? '' : BASES[match.basis]}`),
    ...possible
      .slice(0, MAX_POSSIBLE)
      .map(
        (match) =>
          `maybe failure ${at(match)}: it fits ${formatCount(match.requests.length)} ${match.requests.length === 1 ? 'connection, perhaps by chance' : 'connections'}`,
      ),
    ...(more > 0 ? [`and maybe ${formatCount(more)} more`] : []),
  ]
}
