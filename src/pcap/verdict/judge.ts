import type { Cause } from '../../records.js'
import type { Exchange } from '../tcp/exchange.js'
import type { Close } from '../tcp/flow.js'
import { type ConnectionFacts, firstClose } from './facts.js'
import { type IdleTimeout, isUnread } from './idle-timeout.js'

/**
 * What it was, more finely than the cause: by it the story is told.
 *
 * Of a race: `after_close` (FIN, then the request), `crossing` (the request, then a FIN that does not acknowledge it), `unread`
 * (the request was acknowledged by a close that idleness explains), `gone` (the connection was no longer there, and no FIN told), `unwritten` (the gateway found the connection closed before it wrote: of the
 * request there is no packet, the log alone tells of it).
 */
export type Form =
  | 'after_close'
  | 'crossing'
  | 'unread'
  | 'gone'
  | 'unwritten'
  | 'fresh'
  | 'no_answer'
  | 'during_upload'
  | 'partial_head'
  | 'cut_response'
  | 'foreign'
  | 'gateway_waited'
  | 'gateway_stopped'
  | 'refused'
  | 'unanswered_syn'
  | 'handshake'
  | 'certificate'
  | 'no_request'
  | 'unclear_end'
  | 'idle_close'
  | 'other'

export interface Verdict {
  readonly cause: Cause | 'none'
  readonly form: Form
  /** 1: the packets prove it. 0 for `none` and `undetermined`. */
  readonly confidence: number
  /**
   * What a request died of that was given this connection and of which no packet is to be seen: the gateway found the connection
   * closed before it wrote. The log alone tells that there was one. Null where nothing like it can have been.
   */
  readonly unseenRequestCause: Cause | null
  /** Without use before the first close, in nanoseconds: a request that the closing side had not read is no use. */
  readonly idleNs: number | null
}

type Judgement = Omit<Verdict, 'idleNs'>

export interface Circumstances {
  /** Of the connection's target; null where it could not be measured. */
  readonly idleTimeout: IdleTimeout | null
  /** When the capture ends, on the clock of the facts. */
  readonly endNs: number
}

const MS = 1_000_000
/** Without an answer so long, a SYN is lost; the system sends another one after a second. */
const SYN_PATIENCE_NS = 3_000 * MS
/** No server's patience with an idle connection is shorter. */
const LEAST_IDLE_NS = 900 * MS
/** A request that crosses the close of an idle connection is closed upon at once. */
const UNREAD_WITHIN_NS = 50 * MS
/** No gateway gives up sooner on a target that is silent. */
const LEAST_TIMEOUT_NS = 1_000 * MS

/** The verdict on a connection: a pure function of its packets and of what its target does elsewhere. */
export function judge(facts: ConnectionFacts, circumstances: Circumstances): Verdict {
  const judgement = judgeConnection(facts, circumstances)
  const { idleNs, exchange } = facts
  const beforeRequestNs = judgement.form === 'unread' ? (exchange?.idleNs ?? 0) : 0
  return { ...judgement, idleNs: idleNs === null ? null : idleNs + beforeRequestNs }
}

function judgeConnection(facts: ConnectionFacts, circumstances: Circumstances): Judgement {
  const { exchange } = facts
  if (exchange === null) return judgeUnused(facts, circumstances)
  if (exchange.isForeign) return verdict('bad_response', 'foreign', 1)
  if (exchange.responseFirst === null) return judgeUnanswered(facts, exchange, circumstances)
  if (exchange.responseComplete === true || facts.closedFirst === null) return idleClose(facts, exchange)
  if (exchange.responseComplete === null) return judgeUnmarked(facts, exchange, circumstances)
  return judgeCutResponse(facts, exchange)
}

const verdict = (cause: Cause | 'none', form: Form, confidence = 0): Judgement => ({
  cause,
  form,
  confidence,
  unseenRequestCause: null,
})

function judgeUnused(facts: ConnectionFacts, { endNs }: Circumstances): Judgement {
  const { syn, syns, synAnswer, closing, closedFirst, tls } = facts
  if (syn !== null && synAnswer === null && facts.packets === syns + countOf(closing.target.rst)) {
    if (closing.target.rst !== null) return verdict('connect_refused', 'refused', 1)
    return endNs - syn.timeNs >= SYN_PATIENCE_NS
      ? verdict('connect_timeout', 'unanswered_syn', 1)
      : verdict('none', 'other')
  }
  if (tls?.certificateRefused) return verdict('tls_certificate', 'certificate', 1)
  if (tls !== null && !tls.isDone && closedFirst === 'target') return verdict('tls_aborted', 'handshake', 1)
  if (tls !== null && closedFirst === 'client' && syn !== null) return verdict('tls_certificate', 'no_request', 0.7)
  if (closedFirst !== 'target') return verdict('none', 'other')
  return { ...verdict('none', 'idle_close'), unseenRequestCause: 'premature_close' }
}

const countOf = (close: Close | null): number => (close === null ? 0 : 1)

function judgeUnanswered(
  facts: ConnectionFacts,
  exchange: Readonly<Exchange>,
  circumstances: Circumstances,
): Judgement {
  const close = firstClose(facts.closing.target)
  if (facts.closedFirst === 'client') return judgeGatewayGaveUp(facts, exchange)
  if (close === null) return verdict('none', 'other')
  if (maybeAnswered(facts)) return verdict('undetermined', 'unclear_end')
  if (isUnread(exchange.requestSequence, close.acknowledgement)) return judgeUnread(facts, exchange, close)
  if (explainsIdleness(exchange, close, circumstances.idleTimeout)) return verdict('keepalive_race', 'unread', 0.9)
  return verdict('premature_close', exchange.requestComplete === false ? 'during_upload' : 'no_answer', 1)
}

/** One record behind the handshake of TLS 1.3 is a session ticket or the whole answer; servers send several tickets, or none. */
const maybeAnswered = ({ tls, previous }: ConnectionFacts): boolean => previous === null && tls?.maybeTickets === 1

function judgeUnread(
  { syn, previous, closing }: ConnectionFacts,
  exchange: Readonly<Exchange>,
  close: Close,
): Judgement {
  const isReused = previous !== null || syn === null || exchange.idleNs >= LEAST_IDLE_NS
  if (!isReused) return verdict('premature_close', 'fresh', 0.9)
  if (close.number < exchange.requestFirst.number) return verdict('keepalive_race', 'after_close', 1)
  return closing.target.fin === null ? verdict('keepalive_race', 'gone', 0.9) : verdict('keepalive_race', 'crossing', 1)
}

/** The target had received the request, but it closed just then, at the time at which it closes idle connections. */
function explainsIdleness(exchange: Readonly<Exchange>, close: Close, idleTimeout: IdleTimeout | null): boolean {
  if (idleTimeout === null || close.timeNs - exchange.requestFirst.timeNs > UNREAD_WITHIN_NS) return false
  const idleMs = (close.timeNs - exchange.requestFirst.timeNs + exchange.idleNs) / MS
  return isAbout(idleMs, idleTimeout)
}

function isAbout(idleMs: number, { lowMs, highMs }: IdleTimeout): boolean {
  const margin = Math.max(20, lowMs * 0.02)
  return idleMs >= lowMs - margin && idleMs <= highMs + margin
}

function judgeGatewayGaveUp({ closing }: ConnectionFacts, exchange: Readonly<Exchange>): Judgement {
  const close = firstClose(closing.client)
  if (exchange.requestComplete === false) return verdict('client_abort', 'gateway_stopped', 0.8)
  const waitedNs = close === null ? 0 : close.timeNs - exchange.requestLast.timeNs
  return waitedNs >= LEAST_TIMEOUT_NS
    ? verdict('target_timeout', 'gateway_waited', 0.9)
    : verdict('undetermined', 'gateway_stopped')
}

function idleClose({ closedFirst }: ConnectionFacts, { announcesClose }: Readonly<Exchange>): Judgement {
  if (closedFirst !== 'target') return verdict('none', 'other')
  return { ...verdict('none', 'idle_close'), unseenRequestCause: announcesClose ? null : 'keepalive_race' }
}

/** Where the response ended is not to be seen; a close long after its last byte was not in its middle. */
function judgeUnmarked(
  facts: ConnectionFacts,
  exchange: Readonly<Exchange>,
  { idleTimeout }: Circumstances,
): Judgement {
  if (facts.closedFirst === 'client') return verdict('none', 'other')
  const idleNs = facts.idleNs ?? 0
  const isIdle = idleNs >= LEAST_IDLE_NS || (idleTimeout !== null && isAbout(idleNs / MS, idleTimeout))
  return isIdle ? idleClose(facts, exchange) : verdict('undetermined', 'unclear_end')
}

function judgeCutResponse({ closedFirst, closing }: ConnectionFacts, exchange: Readonly<Exchange>): Judgement {
  if (closedFirst === 'client') return verdict('client_abort', 'gateway_stopped', 0.7)
  if (exchange.endsWithConnection && closing.target.rst === null) return verdict('none', 'other')
  return exchange.status === null
    ? verdict('premature_close', 'partial_head', 1)
    : verdict('response_aborted', 'cut_response', 1)
}
