import net from 'node:net'
import tls from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

/** Makes the sockets of a kafkajs client, so that all of them can be closed at once, whatever it waits for. */
export class Sockets {
  readonly #open = new Set<net.Socket>()
  #isClosed = false

  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    const socket = ssl
      ? tls.connect({ host, port, ...(net.isIP(host) === 0 && { servername: host }), ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.setNoDelay(true)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    if (this.#isClosed) close(socket)
    return socket
  }

  /** Closes what is open; what is opened later is closed as well. */
  destroy(): void {
    this.#isClosed = true
    for (const socket of this.#open) close(socket)
  }
}

/** By an error: kafkajs does not notice another end, and its timers would go on for ever. */
const close = (socket: net.Socket): void => void socket.destroy(new Error('closed'))

const KEEP_ALIVE_MS = 60_000
