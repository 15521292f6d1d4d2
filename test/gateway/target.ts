import net from 'node:net'
import tls from 'node:tls'

/** What a request asks the target to do with it (`x-act`). */
export type Act =
  /** Answers. */
  | 'answer'
  /** Answers after `SLOW_MS`. */
  | 'slow'
  /** Reads the request and closes: FIN, or a reset. */
  | 'close'
  | 'reset'
  /** Never answers. */
  | 'hang'
  /** Answers in part; resets when `cut` is called. */
  | 'cut'
  /** Answers something that is no HTTP. */
  | 'babble'

export const SLOW_MS = 700

/** What the target knows of a request; told apart by its path. */
export interface Seen {
  readonly path: string
  readonly act: Act
  /** In `x-request-id`, as the gateway sends it. */
  readonly correlationId: string
  /** Whether the connection had been idle for so long that it was given up already: the request was reset, and nobody read it. */
  readonly wasGivenUp: boolean
}

export interface Target {
  /** `localhost:PORT`, as in the gateway's log. */
  readonly name: string
  readonly seen: readonly Seen[]
  /** Connections that were opened so far. */
  connections(): number
  /** Resets the connection of a request that was answered in part. */
  cut(path: string): void
  close(): Promise<void>
}

export interface TargetOptions {
  /** Requests that come on a connection that has been idle for as long or longer are reset: the race, without its chance. */
  readonly idleTimeoutMs: number
  readonly secure?: tls.TlsOptions
}

/** A target that does what requests ask for, and gives idle connections up. */
export async function startTarget({ idleTimeoutMs, secure }: TargetOptions): Promise<Target> {
  const seen: Seen[] = []
  const sockets = new Set<net.Socket>()
  const answeredInPart = new Map<string, net.Socket>()
  let connections = 0
  const onConnection = (socket: net.Socket): void => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    let idleSinceMs = Number.POSITIVE_INFINITY
    let head = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      const wasWhole = head.includes('\r\n\r\n')
      head += text
      if (wasWhole || !head.includes('\r\n\r\n')) return
      const wasGivenUp = performance.now() - idleSinceMs >= idleTimeoutMs
      const asked = read(head, wasGivenUp)
      seen.push(asked)
      if (wasGivenUp) {
        // As the log has most races: the close was on its way when the request came.
        socket.end()
        return
      }
      const answer = (): void => {
        head = ''
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        idleSinceMs = performance.now()
      }
      if (asked.act === 'cut') answeredInPart.set(asked.path, socket)
      act(asked.act, socket, answer)
    })
  }
  const server = secure === undefined ? net.createServer(onConnection) : tls.createServer(secure, onConnection)
  await new Promise<void>((resolve) => server.listen(0, resolve))
  return {
    name: `localhost:${(server.address() as net.AddressInfo).port}`,
    seen,
    connections: () => connections,
    cut: (path) => {
      const socket = answeredInPart.get(path)
      if (socket !== undefined) reset(socket)
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function act(what: Act, socket: net.Socket, answer: () => void): void {
  switch (what) {
    case 'answer':
      return answer()
    case 'slow':
      setTimeout(answer, SLOW_MS)
      return
    case 'close':
      return void socket.end()
    case 'reset':
      return reset(socket)
    case 'hang':
      return
    case 'cut':
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
      return
    case 'babble':
      return void socket.end('220 mail.example ESMTP\r\n')
  }
}

/** Over TLS without close_notify, which is a reset to whoever reads. */
function reset(socket: net.Socket): void {
  if (socket instanceof tls.TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}

function read(head: string, wasGivenUp: boolean): Seen {
  const field = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1] ?? ''
  return {
    path: head.split(' ')[1],
    act: (field('x-act') || 'answer') as Act,
    correlationId: field('x-request-id').split('.').at(-1) ?? '',
    wasGivenUp,
  }
}
