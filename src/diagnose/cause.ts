import type { Cause, Failure, Half, Verdict } from '../records.js'

/**
 * The cause of a failure as far as its halves alone prove it. What ECONNRESET can mean: the table in ARCHITECTURE.md,
 * measured on the real gateway. A race of an idle connection and a premature close look alike here and stay
 * `undetermined`: telling them apart needs the connection's idle time.
 */
export function diagnose(failure: Failure): Verdict {
  const { cause, confidence } = decide(failure)
  return { cause, confidence, evidence: evidenceOf(failure) }
}

interface Decision {
  readonly cause: Cause
  readonly confidence: number
}

const UNDETERMINED: Decision = { cause: 'undetermined', confidence: 0 }

/** `certain`: the record exists for this cause only. `likely`: another cause could write it, seldom does. */
const certain = (cause: Cause): Decision => ({ cause, confidence: 0.99 })
const likely = (cause: Cause): Decision => ({ cause, confidence: 0.9 })

function decide(failure: Failure): Decision {
  const { client, target } = failure
  if (client?.status === 504) return certain('target_timeout')
  if (failure.clientAbortedAfterMs !== null || client?.status === 499) return certain('client_abort')
  if (client?.errorMessage === 'source request aborted') return certain('client_abort')
  if (target.some(({ role }) => role !== 'request_error')) return certain('response_aborted')
  const half = target.at(0) ?? client
  const byError = half === null ? null : decideByError(half)
  if (byError !== null) return byError
  // No idle connection was there to be reused, so the target closed one that it had just accepted.
  if (isReset(half?.errorCode ?? null) && target.at(0)?.connection === 'new') return certain('premature_close')
  if (target.length > 0 || client === null) return UNDETERMINED
  return decideByStatus(client)
}

/** A map: codes come from logs and may be any text, `constructor` too. */
const BY_CODE: ReadonlyMap<string, Cause> = new Map([
  ['ECONNREFUSED', 'connect_refused'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['EHOSTUNREACH', 'host_unreachable'],
  ['ENETUNREACH', 'host_unreachable'],
  ['EHOSTDOWN', 'host_unreachable'],
  ['ENOTFOUND', 'dns_notfound'],
  ['EAI_AGAIN', 'dns_notfound'],
])

/** Node's and OpenSSL's codes for a certificate that is not accepted (nodejs.org, tls, "X509 certificate error codes"). */
const CERTIFICATE =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/
/** llhttp's and Node's codes for an answer that is not HTTP. */
const BAD_RESPONSE = /^(HPE_|ERR_HTTP_|ERR_STREAM_)/
const TLS_PROTOCOL = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/
const HANDSHAKE_CUT = 'Client network socket disconnected before secure TLS connection was established'

function decideByError({ errorCode, errorMessage }: Half): Decision | null {
  if (errorMessage === HANDSHAKE_CUT) return certain('tls_aborted')
  if (errorCode === null) return null
  // A connect that timed out and a read that did are both ETIMEDOUT: the text tells.
  if (errorCode === 'ETIMEDOUT' && errorMessage?.startsWith('connect') === false) return likely('target_timeout')
  const byCode = BY_CODE.get(errorCode)
  if (byCode !== undefined) return certain(byCode)
  if (CERTIFICATE.test(errorCode)) return certain('tls_certificate')
  if (TLS_PROTOCOL.test(errorCode)) return likely('tls_aborted')
  if (BAD_RESPONSE.test(errorCode)) return certain('bad_response')
  return null
}

const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** Whether this is the code of a connection that the other side has closed. */
export function isReset(errorCode: string | null): boolean {
  return errorCode !== null && RESET_CODES.has(errorCode)
}

/** No target half: the gateway answered by itself, unless the target's half is merely missing. */
function decideByStatus({ status, errorCode, errorMessage }: Half): Decision {
  if (isReset(errorCode)) return UNDETERMINED
  if (status === 404 && errorMessage?.startsWith('no match found') === true) return certain('rejected_by_gateway')
  if (status !== null && status >= 400 && status !== 502) return likely('rejected_by_gateway')
  return UNDETERMINED
}

/**
 * Numbers of the verdict: `elapsed_ms` from the target request's start to its failure; `idle_ms` of the connection
 * used, where known; `halves_gap_ms` between the two halves; `client_aborted_after_ms` where the client had gone.
 */
function evidenceOf({ target, client, clientAbortedAfterMs }: Failure): Readonly<Record<string, number | null>> {
  const first = target.at(0)
  const connection = first?.connection ?? null
  const reuse = connection === 'new' ? null : connection
  return {
    elapsed_ms: first?.elapsedMs ?? null,
    idle_ms: reuse?.idle_ms ?? null,
    reused: connection === null ? null : reuse === null ? 0 : 1,
    reuses: reuse?.reuses ?? null,
    reuses_near: reuse?.reuses_near ?? null,
    reuses_same: reuse?.reuses_same ?? null,
    resets_near: reuse?.resets_near ?? null,
    halves_gap_ms: first !== undefined && client !== null ? client.timeMs - first.timeMs : null,
    client_aborted_after_ms: clientAbortedAfterMs,
  }
}
