import type { Cause } from '../records.js'
import type { CaptureResult } from './capture-analysis.js'
import { fileOf, numberInFile } from './packet-place.js'
import type { Targets, TargetTally } from './targets.js'
import type { Exchange } from './tcp/exchange.js'
import { packetFilter, streamFilter } from './tell/display-filter.js'
import type { Step } from './tell/step.js'
import { tellStory } from './tell/story.js'
import { type ConnectionFacts, firstClose, type Side } from './verdict/facts.js'
import { type IdleTimeout, isUnread } from './verdict/idle-timeout.js'
import { type Form, judge, type Verdict } from './verdict/judge.js'

/** A connection with its verdict. */
export interface Finding {
  /** Which capture: its first file. Connections are numbered in each one anew. */
  readonly capture: string
  /** The names of its files. */
  readonly files: readonly string[]
  readonly facts: ConnectionFacts
  readonly verdict: Verdict
  readonly idleTimeout: IdleTimeout | null
  readonly baseSeconds: number
}

/** Judges all connections of a capture. To be called when all captures were read: targets are measured over all of them. */
export function findingsOf(files: readonly string[], result: CaptureResult, targets: Targets): readonly Finding[] {
  const [capture] = files
  const { baseSeconds, lastNs } = result
  return result.connections.map((facts) => {
    const idleTimeout = targets.idleTimeout(facts.target)
    return { capture, files, facts, verdict: judge(facts, { idleTimeout, endNs: lastNs }), idleTimeout, baseSeconds }
  })
}

/** Redacts what stands in a request line behind the method: path and query, or a whole url. */
export type PathOf = (requestTarget: string) => string | null

/** The packets that matter, in the order of the file. */
export function stepsOf(finding: Finding, pathOf: PathOf): readonly Step[] {
  const name = ({ method, target }: Readonly<Exchange>): string => {
    const path = target === null ? null : pathOf(target)
    return method === null ? 'a request' : path === null ? `${method} …` : `${method} ${path}`
  }
  return tellStory({ ...finding, name })
}

/** Where a packet is to be found. */
export interface PacketPlace {
  /** The file's name. */
  readonly capture: string
  /** The stream in the file. */
  readonly index: number
  /** The packet's number in the file. */
  readonly packet: number
}

export function placeOf({ files, facts }: Finding, packet: number): PacketPlace {
  const file = fileOf(packet)
  const { index } = facts.places.find((place) => place.file === file) ?? facts.places[0]
  return { capture: files[file], index, packet: numberInFile(packet) }
}

/** A part of a connection that is in one file, with filters for it. */
export interface ConnectionPart {
  readonly capture: string
  readonly index: number
  /** Of the packets that matter. */
  readonly packets: readonly number[]
  readonly filter: string
  readonly packets_filter: string | null
}

/** File by file; one part where the capture is one file. */
export function partsOf(finding: Finding, steps: readonly Step[]): readonly ConnectionPart[] {
  return finding.facts.places.map(({ file, index }) => {
    const packets = steps.flatMap(({ packet }) => (fileOf(packet) === file ? [numberInFile(packet)] : []))
    const filter = packets.length === 0 ? null : packetFilter(packets)
    return { capture: finding.files[file], index, packets, filter: streamFilter(index), packets_filter: filter }
  })
}

/** A connection as `pcap --json` prints it. */
export interface ConnectionDocument {
  /** The file of its first packet, and its number there. */
  readonly capture: string
  readonly index: number
  readonly client: string
  readonly target: string
  readonly first: string
  readonly last: string
  readonly requests: number
  readonly retransmissions: number
  readonly keep_alive_probes: number
  readonly closed_by: Side | null
  readonly closed_with: 'fin' | 'rst' | null
  readonly idle_ms: number | null
  readonly cause: Cause | 'none'
  readonly form: Form
  readonly confidence: number
  readonly unseen_request_cause: Cause | null
  readonly request: RequestDocument | null
  readonly packets: readonly number[]
  readonly story: readonly {
    readonly packet: number
    readonly at: string
    readonly says: string
    /** Where the connection goes on through several files. */
    readonly capture?: string
  }[]
  readonly filter: string
  readonly packets_filter: string | null
  /** Where it goes on through several files. */
  readonly parts?: readonly ConnectionPart[]
}

export interface RequestDocument {
  readonly method: string | null
  /** As it may be shown. */
  readonly path: string | null
  readonly packet: number
  readonly at: string
  /** Whether the target's close acknowledges any of it; null where the target did not close. */
  readonly covered_by_close: boolean | null
  readonly status: number | null
}

export function toDocument(finding: Finding, pathOf: PathOf): ConnectionDocument {
  const { facts, verdict } = finding
  const steps = stepsOf(finding, pathOf)
  const parts = partsOf(finding, steps)
  const [{ capture, index, filter, packets_filter }] = parts
  const first = facts.closedFirst === null ? null : firstClose(facts.closing[facts.closedFirst])
  return {
    capture,
    index,
    client: facts.client,
    target: facts.target,
    first: timeOf(finding, facts.firstNs).slice(0, 23).concat('Z'),
    last: timeOf(finding, facts.lastNs).slice(0, 23).concat('Z'),
    requests: facts.requests,
    retransmissions: facts.retransmissions,
    keep_alive_probes: facts.keepAliveProbes,
    closed_by: facts.closedFirst,
    closed_with: first?.kind ?? null,
    idle_ms: verdict.idleNs === null ? null : Math.round(verdict.idleNs / 1_000) / 1_000,
    cause: verdict.cause,
    form: verdict.form,
    confidence: verdict.confidence,
    unseen_request_cause: verdict.unseenRequestCause,
    request: toRequestDocument(finding, pathOf),
    packets: parts.length === 1 ? parts[0].packets : parts.flatMap((part) => part.packets),
    story: steps.map(({ packet, timeNs, says }) => {
      const told = { packet: numberInFile(packet), at: timeOf(finding, timeNs), says }
      return parts.length === 1 ? told : { ...told, capture: placeOf(finding, packet).capture }
    }),
    filter,
    packets_filter,
    ...(parts.length > 1 && { parts }),
  }
}

function toRequestDocument(finding: Finding, pathOf: PathOf): RequestDocument | null {
  const { exchange, closing } = finding.facts
  if (exchange === null) return null
  const { method, target, requestFirst, requestSequence, status } = exchange
  const close = firstClose(closing.target)
  return {
    method,
    path: target === null ? null : pathOf(target),
    packet: numberInFile(requestFirst.number),
    at: timeOf(finding, requestFirst.timeNs),
    covered_by_close: close === null ? null : !isUnread(requestSequence, close.acknowledgement),
    status,
  }
}

/** A target as `pcap --json` prints it. */
export interface TargetDocument {
  readonly target: string
  readonly connections: number
  readonly requests: number
  readonly idle_timeout_ms: number | null
  readonly idle_timeout_low_ms: number | null
  readonly idle_timeout_high_ms: number | null
  readonly idle_closes: number
}

export function toTargetDocument(
  { target, connections, requests }: TargetTally,
  timeout: IdleTimeout | null,
): TargetDocument {
  const rounded = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms * 10) / 10)
  return {
    target,
    connections,
    requests,
    idle_timeout_ms: rounded(timeout?.timeoutMs),
    idle_timeout_low_ms: rounded(timeout?.lowMs),
    idle_timeout_high_ms: rounded(timeout?.highMs),
    idle_closes: timeout?.closes ?? 0,
  }
}

/** ISO 8601 in UTC, to the microsecond. */
export function timeOf({ baseSeconds }: Pick<Finding, 'baseSeconds'>, timeNs: number): string {
  const inCapture = Math.floor(timeNs / 1_000_000_000)
  const microseconds = Math.floor((timeNs - inCapture * 1_000_000_000) / 1_000)
  return `${secondText(Math.min(Math.max(baseSeconds + inCapture, 0), MAX_SECONDS))}.${String(microseconds).padStart(6, '0')}Z`
}

/** The last second of the year 9999; a damaged capture may go beyond it. */
const MAX_SECONDS = 253_402_300_799

const lastSecond = { seconds: -1, text: '' }

/** Many packets are of one second. */
function secondText(seconds: number): string {
  if (seconds !== lastSecond.seconds) {
    lastSecond.seconds = seconds
    lastSecond.text = new Date(seconds * 1_000).toISOString().slice(0, 19)
  }
  return lastSecond.text
}
