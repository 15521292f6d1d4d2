import net from 'node:net'
import tls from 'node:tls'

export interface ProbeTarget {
  readonly host: string
  readonly port: number
  /** Null for plain TCP. */
  readonly tls: { readonly verifies: boolean } | null
  /** In the Host header and as TLS server name; null: the host itself. */
  readonly serverName: string | null
}

/**
 * Opens a connection that is ready for a request, TLS handshake included. It is nobody's: the caller listens for `error`
 * and destroys it. Throws what Node's sockets throw, a `ConnectTimeout`, or the abort's reason.
 */
export function openConnection(
  target: ProbeTarget,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<net.Socket> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = connect(target)
    const settle = (error: unknown): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.off(readyEvent, onReady).off('error', settle).off('close', onClose)
      if (error === null) return resolve(socket)
      // A socket that is destroyed may still fail, and nobody wants to know.
      socket.on('error', () => {}).destroy()
      reject(error)
    }
    const readyEvent = target.tls === null ? 'connect' : 'secureConnect'
    const onReady = (): void => settle(null)
    const onClose = (): void => settle(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))
    const onAbort = (): void => settle(signal.reason)
    const timer = setTimeout(() => settle(new ConnectTimeout(timeoutMs, !socket.connecting)), timeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on(readyEvent, onReady).on('error', settle).on('close', onClose)
  })
}

export class ConnectTimeout extends Error {
  constructor(
    readonly timeoutMs: number,
    /** Whether the connection was there, and the TLS handshake was waited for. */
    readonly isConnected: boolean,
  ) {
    super(`no connection within ${timeoutMs} ms`)
  }
}

function connect({ host, port, tls: secure, serverName }: ProbeTarget): net.Socket {
  if (secure === null) return net.connect({ host, port, noDelay: true })
  const name = serverName ?? host
  return tls.connect({
    host,
    port,
    rejectUnauthorized: secure.verifies,
    // A server name is never an address (RFC 6066, 3).
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    ALPNProtocols: ['http/1.1'],
  })
}
