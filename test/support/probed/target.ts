import net from 'node:net'
import tls from 'node:tls'

export interface ProbedTarget {
  /** `127.0.0.1:PORT`. */
  readonly name: string
  readonly port: number
  /** Texts of all requests. */
  readonly requests: readonly string[]
  /** Connections open now, and the most that were open at once, not counting those that the target had ended. */
  readonly open: () => { readonly now: number; readonly most: number }
  close(): Promise<void>
}

/** A target of raw sockets: `onRequest` answers a request as it likes. With `secure`, it speaks TLS. `isRequest` says where a request ends. */
export async function startTarget(
  onRequest: (socket: net.Socket, request: string) => void,
  secure?: tls.TlsOptions,
  isRequest = (text: string): boolean => text.endsWith('\r\n\r\n'),
): Promise<ProbedTarget> {
  const requests: string[] = []
  const sockets = new Set<net.Socket>()
  let most = 0
  const onConnection = (socket: net.Socket): void => {
    sockets.add(socket)
    most = Math.max(most, [...sockets].filter(({ writableEnded }) => !writableEnded).length)
    let text = ''
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part
      if (!isRequest(text)) return
      requests.push(text)
      onRequest(socket, text)
      text = ''
    })
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  }
  const server = secure === undefined ? net.createServer(onConnection) : tls.createServer(secure, onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    name: `127.0.0.1:${port}`,
    port,
    requests,
    open: () => ({ now: sockets.size, most }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** An answer that keeps the connection. */
export function answer(headers: readonly string[] = [], body = 'ok'): string {
  return [`HTTP/1.1 200 OK`, `Content-Length: ${body.length}`, ...headers, '', body].join('\r\n')
}
