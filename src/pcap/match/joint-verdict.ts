import type { Cause } from '../../records.js'
import type { Verdict } from '../verdict/judge.js'
import type { LoggedFailure } from './logged-failure.js'
import type { WireRequest } from './wire-request.js'

const SURE_OF_UNSEEN = 0.9
const SURE_OF_CUT_RESPONSE = 0.9
const SURE_OF_PARTIAL_HEAD = 0.8
const SURE_OF_UNSEEN_CLOSE = 0.9
/** A close for idleness that races with a request comes sooner upon it. */
const LEAST_HELD_MS = 50

/** What the log leaves open, or tells of connections alone. */
const BY_CONNECTION = new Set<Cause>(['undetermined', 'keepalive_race', 'premature_close'])

/** The verdict on a request of which both log and packets tell: where packets leave it open, what both say together. */
export function jointVerdict(failure: LoggedFailure, request: WireRequest): Verdict {
  const { verdict } = request.finding
  const known = (cause: Cause, form: Verdict['form'], confidence: number): Verdict => ({
    ...verdict,
    cause,
    form,
    confidence,
  })
  if (request.isUnseen && verdict.unseenRequestCause !== null)
    return known(verdict.unseenRequestCause, 'unwritten', SURE_OF_UNSEEN)
  if (verdict.form === 'unclear_end') {
    if (failure.phase === 'response') return known('response_aborted', 'cut_response', SURE_OF_CUT_RESPONSE)
    if (BY_CONNECTION.has(failure.cause)) return known('premature_close', 'partial_head', SURE_OF_PARTIAL_HEAD)
  }
  if (verdict.cause === 'none' && BY_CONNECTION.has(failure.cause) && wasHeld(failure, request)) {
    return known('premature_close', 'no_answer', SURE_OF_UNSEEN_CLOSE)
  }
  return verdict
}

/** The capture ends before the close, but the target had received the request, and held it for a while. */
function wasHeld({ startMs, endMs }: LoggedFailure, { finding: { facts }, endMs: closeMs }: WireRequest): boolean {
  const isUnanswered = facts.exchange !== null && facts.exchange.responseFirst === null
  const isReceived = facts.exchange?.requestReceived !== null
  return isUnanswered && isReceived && closeMs === null && startMs !== null && endMs - startMs >= LEAST_HELD_MS
}
