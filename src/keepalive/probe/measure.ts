import type { Socket } from 'node:net'
import { systemCode } from '../../errors.js'
import { openConnection, type ProbeTarget } from './connection.js'
import { answerTimedOut, answerTooLong, closedBeforeAnswer, connectionFailed, notHttp } from './failure.js'
import { type KeepAliveHeader, readKeepAliveHeader } from './keep-alive-header.js'
import { type ResponseHead, ResponseReader } from './response-reader.js'

export interface ProbeRequest {
  readonly method: 'HEAD' | 'GET'
  /** Begins with `/` and holds visible ASCII alone. */
  readonly path: string
  /** Who asks, in `User-Agent`. */
  readonly userAgent: string
}

export interface MeasureInput {
  readonly target: ProbeTarget
  readonly request: ProbeRequest
  /** How long an idle connection is watched. */
  readonly maxWaitMs: number
  readonly connectTimeoutMs: number
  readonly answerTimeoutMs: number
  readonly signal: AbortSignal
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number
  /** Called when the connection begins to be idle. */
  readonly onIdle?: () => void
}

/** What one connection showed. */
export interface Sample {
  readonly status: number
  readonly header: KeepAliveHeader | null
  /** `closed`: the target closed it; `open`: it did not within the wait; `not_kept`: its answer ended the connection. */
  readonly outcome: 'closed' | 'open' | 'not_kept'
  /** From the answer's last byte to the close, or to the end of the wait; null for `not_kept`. */
  readonly idleMs: number | null
  /** How it was closed: in order (FIN; with TLS, close_notify), or by a reset; null where it was not. */
  readonly closedBy: 'fin' | 'rst' | null
}

/** The most of an answer that is read. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

/**
 * Opens one connection, sends one request, reads the whole answer, and waits until the target closes. The idle time is the
 * target's own but for jitter: it begins and ends as late here as the way from the target is long. What comes unasked (a 408, as some
 * balancers send) ends the idle time too. Throws `HangupError`, or the abort's reason; the connection is closed in any case.
 */
export async function measure(input: MeasureInput): Promise<Sample> {
  const { target, connectTimeoutMs, signal } = input
  const socket = await openConnection(target, { timeoutMs: connectTimeoutMs, signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : connectionFailed(error, target)
  })
  try {
    return await watch(socket, input)
  } finally {
    socket.on('error', () => {}).destroy()
  }
}

function watch(socket: Socket, input: MeasureInput): Promise<Sample> {
  const { target, request, maxWaitMs, answerTimeoutMs, signal, nowMs, onIdle } = input
  const reader = new ResponseReader(request.method)
  let bytesRead = 0
  let head: ResponseHead | null = null
  let idleSinceMs = 0

  return new Promise<Sample>((resolve, reject) => {
    let timer = setTimeout(() => finish(reject, answerTimedOut(target, answerTimeoutMs)), answerTimeoutMs)
    const finish = <T>(settle: (value: T) => void, value: T): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      settle(value)
    }
    const onAbort = (): void => finish(reject, signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })

    const end = (outcome: Sample['outcome'], closedBy: Sample['closedBy']): void => {
      if (head !== null) finish(resolve, toSample(head, outcome, { idleMs: nowMs() - idleSinceMs, closedBy }))
    }
    const answered = (whole: ResponseHead): void => {
      idleSinceMs = nowMs()
      head = whole
      if (!whole.keepsAlive) return end('not_kept', null)
      clearTimeout(timer)
      timer = setTimeout(() => end('open', null), maxWaitMs)
      onIdle?.()
    }
    const onBytes = (bytes: Buffer): void => {
      if (head !== null && isAnswer(bytes)) return end('closed', 'fin')
      if (head !== null) return finish(reject, notHttp(target, { reason: BEHIND, bytes }))
      bytesRead += bytes.length
      const state = reader.feed(bytes)
      if (state.kind === 'not_http') return finish(reject, notHttp(target, { reason: state.reason, bytes }))
      if (state.kind === 'complete' && state.rest.length === 0) return answered(state.head)
      if (state.kind === 'complete') return finish(reject, notHttp(target, { reason: BEHIND, bytes }))
      if (bytesRead > MAX_ANSWER_BYTES) finish(reject, answerTooLong(target, MAX_ANSWER_BYTES))
    }
    const onEnd = (closedBy: 'fin' | 'rst'): void => {
      if (head !== null) return end('closed', closedBy)
      const state = reader.end()
      if (state.kind === 'complete') return answered(state.head)
      finish(reject, closedBeforeAnswer(target, { closedBy, bytesRead }))
    }
    socket.on('data', onBytes)
    socket.once('end', () => onEnd('fin'))
    socket.once('close', () => onEnd('fin'))
    socket.once('error', (error) => onEnd(systemCode(error) === 'ECONNRESET' ? 'rst' : 'fin'))
    socket.write(requestText(target, request))
  })
}

const BEHIND = 'there is more behind its end, as where HEAD is answered with a body'

const isAnswer = (bytes: Buffer): boolean => bytes.subarray(0, 5).toString('latin1') === 'HTTP/'

function toSample(
  { status, keepAlive }: ResponseHead,
  outcome: Sample['outcome'],
  { idleMs, closedBy }: { readonly idleMs: number; readonly closedBy: Sample['closedBy'] },
): Sample {
  return {
    status,
    header: keepAlive === null ? null : readKeepAliveHeader(keepAlive),
    outcome,
    idleMs: outcome === 'not_kept' ? null : idleMs,
    closedBy,
  }
}

function requestText({ host, port, serverName, tls }: ProbeTarget, { method, path, userAgent }: ProbeRequest): string {
  const name = serverName ?? (host.includes(':') ? `[${host}]` : host)
  const authority = port === (tls === null ? 80 : 443) ? name : `${name}:${port}`
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${authority}`,
    `User-Agent: ${userAgent}`,
    'Accept: */*',
    'Connection: keep-alive',
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}
