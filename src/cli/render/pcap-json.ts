import type { CaptureResult } from '../../pcap/capture-analysis.js'
import type { Finding } from '../../pcap/findings.js'
import type { CaptureMatch, CaptureMatches } from '../../pcap/match/capture-matches.js'
import type { Capture } from '../captures.js'

/** What `pcap --json --logs` adds to a connection: whose packets it has, and whose it may have. */
export function connectionMatches(finding: Finding, matches: CaptureMatches | null): object {
  if (matches === null) return {}
  const { sure, possible } = matches.ofFinding(finding)
  const ids = (all: readonly CaptureMatch[]): readonly string[] => all.map(({ failure }) => failure.id)
  return { failures: ids(sure), possible_failures: ids(possible) }
}

/** A capture as `pcap --json` prints it. */
export function captureDocument({ name, files, result }: Capture, matches: CaptureMatches | null): object {
  const offset = matches?.offsets.get(name) ?? null
  return {
    capture: name,
    packets: result.packets,
    connections: result.streams,
    end: endOf(result),
    omitted_connections: result.omitted,
    evicted_connections: result.evicted,
    contents: result.contents,
    ...(files.length > 1 && {
      files: result.files.map(({ packets, end }, index) => ({ capture: files[index], packets, end: end.kind })),
    }),
    ...(matches !== null && {
      clock_offset_ms: rounded(offset?.offsetMs),
      clock_offset_low_ms: rounded(offset?.lowMs),
      clock_offset_high_ms: rounded(offset?.highMs),
    }),
  }
}

/** Of the first file that is not whole. */
const endOf = ({ files }: CaptureResult): string => files.find(({ end }) => end.kind !== 'whole')?.end.kind ?? 'whole'

/** Of the first capture of which it is known. */
export function offsetMs(captures: readonly Capture[], matches: CaptureMatches | null): number | null {
  for (const { name } of captures) {
    const offset = matches?.offsets.get(name)
    if (offset != null) return rounded(offset.offsetMs)
  }
  return null
}

/** What became of the failures of the logs. */
export function failureDocuments(matches: CaptureMatches | null): object {
  if (matches === null) return {}
  const failures = matches.all.map(({ failure, capture, basis, requests }) => ({
    id: failure.id,
    capture,
    matched_by: basis,
    connections: requests.map(({ finding }) => finding.facts.places[0].index),
  }))
  return { failures, unmatched_failures: matches.unmatched.map(({ id }) => id) }
}

const rounded = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms * 10) / 10)
