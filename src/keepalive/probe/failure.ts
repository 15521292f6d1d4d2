import { type HangupError, PermanentError, systemCode } from '../../errors.js'
import { ConnectTimeout, type ProbeTarget } from './connection.js'

/** Why a target cannot be measured, each as one sentence and what to do. None of them is tried again. */

export function connectionFailed(error: unknown, target: ProbeTarget): HangupError {
  const code = systemCode(error)
  if (error instanceof ConnectTimeout && error.isConnected) {
    return unusable(`no TLS handshake within ${seconds(error.timeoutMs)}`, target, { hint: NO_TLS, cause: error })
  }
  if (error instanceof ConnectTimeout) {
    return unreachable(`no connection within ${seconds(error.timeoutMs)}`, target, {
      hint: 'a firewall may drop its packets: run this on the gateway host, as the gateway connects from there',
      cause: error,
    })
  }
  const known = REACHING.find(({ codes }) => codes.includes(code ?? ''))
  if (known !== undefined) return unreachable(known.says, target, { hint: known.hint, cause: error })
  const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
  if (target.tls === null) {
    return unreachable(`cannot connect (${code ?? reason})`, target, {
      hint: 'check host, port and network',
      cause: error,
    })
  }
  const isCertificate = code !== undefined && /CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)
  return unusable(
    isCertificate ? `the certificate is not accepted (${code})` : `the TLS handshake failed (${code ?? reason})`,
    target,
    {
      hint: isCertificate
        ? '--servername names the server that the certificate is for; --insecure accepts any certificate'
        : NO_TLS,
      cause: error,
    },
  )
}

const NO_TLS = 'the port may not speak TLS: try it without --tls'

export function notHttp(
  target: ProbeTarget,
  { reason, bytes }: { readonly reason: string; readonly bytes: Buffer },
): HangupError {
  // A TLS alert record: the other side expects a handshake.
  const isTls = target.tls === null && bytes[0] === 0x15 && bytes[1] === 0x03
  return unusable(`the answer is not HTTP/1.1 (${reason})`, target, {
    hint: isTls ? 'it speaks TLS: try --tls' : 'is this the port that the gateway sends requests to?',
  })
}

export function answerTimedOut(target: ProbeTarget, timeoutMs: number): HangupError {
  return unusable(`no whole answer within ${seconds(timeoutMs)}`, target, {
    hint: 'name a path that answers quickly: --path; some servers answer GET alone: --method GET',
  })
}

export function answerTooLong(target: ProbeTarget, maxBytes: number): HangupError {
  return unusable(`the answer is longer than ${maxBytes / 1024 / 1024} MiB`, target, {
    hint: 'name a path with a short answer: --path, or ask for the headers alone: --method HEAD',
  })
}

export function closedBeforeAnswer(
  target: ProbeTarget,
  { closedBy, bytesRead }: { readonly closedBy: 'fin' | 'rst'; readonly bytesRead: number },
): HangupError {
  const how = closedBy === 'rst' ? 'reset' : 'closed'
  const when = bytesRead === 0 ? 'before it answered' : 'in the middle of its answer'
  return unusable(`the target ${how} the connection ${when}`, target, {
    hint: `${target.tls === null ? 'it may want TLS: --tls; ' : ''}it may want another path or method: --path, --method`,
  })
}

interface Known {
  readonly codes: readonly string[]
  readonly says: string
  readonly hint: string
}

const REACHING: readonly Known[] = [
  {
    codes: ['ECONNREFUSED'],
    says: 'connection refused',
    hint: 'nothing listens there: check the port, and whether the target runs',
  },
  {
    codes: ['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'],
    says: 'no such host name',
    hint: 'check the name; the gateway host may resolve it where this machine does not',
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'],
    says: 'no way to the host',
    hint: 'run this on the gateway host, as the gateway connects from there',
  },
  {
    codes: ['ETIMEDOUT'],
    says: 'no answer to the connection attempt',
    hint: 'a firewall may drop its packets: run this on the gateway host',
  },
]

interface Told {
  readonly hint: string
  readonly cause?: unknown
}

function unreachable(message: string, target: ProbeTarget, { hint, cause }: Told): HangupError {
  return new PermanentError(`${message}: ${nameOf(target)}`, { code: 'target_unreachable', hint, cause })
}

function unusable(message: string, target: ProbeTarget, { hint, cause }: Told): HangupError {
  return new PermanentError(`${message}: ${nameOf(target)}`, { code: 'target_unusable', hint, cause })
}

/** `host:port`, an IPv6 address in brackets. */
export function nameOf({ host, port }: Pick<ProbeTarget, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function seconds(durationMs: number): string {
  return `${durationMs / 1_000} s`
}
