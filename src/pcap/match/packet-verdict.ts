import { isToldByPackets } from '../../judged-failure.js'
import type { Cause, FailureDocument } from '../../records.js'
import { placeOf } from '../findings.js'
import { numberInFile } from '../packet-place.js'
import { firstClose } from '../verdict/facts.js'
import { isUnread } from '../verdict/idle-timeout.js'
import type { Verdict } from '../verdict/judge.js'
import { jointVerdict } from './joint-verdict.js'
import type { Match } from './match.js'
import type { WireRequest } from './wire-request.js'

/** What packets say of a failure. */
export interface PacketVerdict {
  /** Null where they do not tell, or the log tells it better. */
  readonly judgement: { readonly cause: Cause; readonly confidence: number } | null
  /** Numbers only, named `packet_…`. */
  readonly evidence: Readonly<Record<string, number | null>>
}

/** Where several requests may be it and all of them died of the same. */
const MOST_WHEN_AMBIGUOUS = 0.95
/** By what it did itself, the gateway's log knows these better. */
const TOLD_BY_LOG = new Set<Cause>([
  'target_timeout',
  'client_abort',
  'tls_certificate',
  'bad_response',
  'host_unreachable',
])

/** What a match rests on. */
export interface MatchContext {
  /** The log's clock less the capture's; null where it is not known. */
  readonly offsetMs: number | null
  /** Failures within the time of the capture. */
  readonly within: number
}

export function packetVerdictOf(
  { failure, requests, isAmong, basis }: Match,
  { offsetMs, within }: MatchContext,
): PacketVerdict {
  const [first] = requests
  const isSure = basis !== 'ambiguous' && first !== undefined
  const isOpen = !TOLD_BY_LOG.has(failure.cause)
  const judgement =
    isSure || isAmong ? sharedJudgement(requests.map((request) => jointVerdict(failure, request))) : null
  const told = isOpen ? judgement : null
  return {
    judgement: told,
    evidence: {
      packet_told: told === null ? 0 : 1,
      packet_failures: within,
      packet_candidates: requests.length,
      packet_clock_offset_ms: offsetMs === null ? null : Math.round(offsetMs),
      ...(isSure ? evidenceOf(first) : NOTHING),
    },
  }
}

/** Of several requests: what all of them died of. */
function sharedJudgement(verdicts: readonly Verdict[]): PacketVerdict['judgement'] {
  const [first, ...others] = verdicts
  if (first === undefined || first.cause === 'none' || first.cause === 'undetermined') return null
  if (others.some(({ cause }) => cause !== first.cause)) return null
  const least = Math.min(...verdicts.map(({ confidence }) => confidence))
  return { cause: first.cause, confidence: others.length === 0 ? least : Math.min(MOST_WHEN_AMBIGUOUS, least) }
}

/** Names of all numbers that packets give. */
const NOTHING = {
  packet_stream: null,
  packet_request: null,
  packet_close: null,
  packet_idle_ms: null,
  packet_request_covered: null,
} as const

function evidenceOf({ finding, isUnseen }: WireRequest): Record<keyof typeof NOTHING, number | null> {
  const { facts, verdict } = finding
  const { exchange, closedFirst, closing } = facts
  const close = closedFirst === null ? null : firstClose(closing[closedFirst])
  const request = isUnseen ? null : exchange
  const byTarget = firstClose(closing.target)
  const isCovered =
    request === null || byTarget === null ? null : !isUnread(request.requestSequence, byTarget.acknowledgement)
  return {
    packet_stream: placeOf(finding, request?.requestFirst.number ?? close?.number ?? 0).index,
    packet_request: request === null ? null : numberInFile(request.requestFirst.number),
    packet_close: close === null ? null : numberInFile(close.number),
    packet_idle_ms: verdict.idleNs === null ? null : Math.round(verdict.idleNs / 1_000) / 1_000,
    packet_request_covered: isCovered === null ? null : Number(isCovered),
  }
}

/** The document with what packets say of its failure. */
export function withPackets(document: FailureDocument, { judgement, evidence }: PacketVerdict): FailureDocument {
  const { edgemicro } = document
  return { ...document, edgemicro: { ...edgemicro, ...judgement, evidence: { ...edgemicro.evidence, ...evidence } } }
}

/**
 * A document with what packets tell in either of others of the same failure: where both have it, that which rests on more failures,
 * and of equals the surer one.
 */
export function withPacketsOf(document: FailureDocument, others: readonly FailureDocument[]): FailureDocument {
  const [best] = others.filter(({ edgemicro }) => edgemicro.evidence.packet_failures != null).sort(byWeight)
  if (best === undefined) return document
  const { cause, confidence, evidence } = best.edgemicro
  const packets = Object.entries(evidence).filter(([name]) => name.startsWith('packet_'))
  return withPackets(document, {
    judgement: isToldByPackets(best) ? { cause, confidence } : null,
    evidence: Object.fromEntries(packets),
  })
}

function byWeight({ edgemicro: one }: FailureDocument, { edgemicro: other }: FailureDocument): number {
  const more = (name: string): number => (other.evidence[name] ?? 0) - (one.evidence[name] ?? 0)
  const text = ({ cause, evidence }: FailureDocument['edgemicro']): string => JSON.stringify([cause, evidence])
  return (
    more('packet_failures') ||
    more('packet_told') ||
    other.confidence - one.confidence ||
    (text(one) < text(other) ? -1 : 1)
  )
}
