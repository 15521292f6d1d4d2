import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Passes connections on to a server, as slowly as it is told to; what it is told counts for open connections too. */
export class Relay {
  /** Of all requests together. */
  bytesPerSecond = Number.POSITIVE_INFINITY
  /** How long each piece of an answer is held back. */
  answerDelayMs = 0
  #isShut = false
  #freeAtMs = 0
  readonly #sockets = new Set<net.Socket>()
  readonly #server: net.Server
  readonly #target: URL

  private constructor(target: URL) {
    this.#target = target
    this.#server = net.createServer((socket) => this.#connect(socket))
  }

  static async to(url: string): Promise<Relay> {
    const relay = new Relay(new URL(url))
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`
  }

  /** Ends all connections, and each new one at once. */
  shut(): void {
    this.#isShut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  open(): void {
    this.#isShut = false
  }

  close(): void {
    this.shut()
    this.#server.close()
  }

  #connect(socket: net.Socket): void {
    if (this.#isShut) return void socket.destroy()
    const onward = net.connect(Number(this.#target.port), this.#target.hostname)
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ]) {
      this.#sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    void pass(socket, onward, (bytes) => this.#turn(bytes)).catch(() => {})
    void pass(onward, socket, () => sleep(this.answerDelayMs)).catch(() => {})
  }

  /** Resolves when so many bytes may go; all connections share the line. */
  async #turn(bytes: number): Promise<void> {
    const nowMs = performance.now()
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (bytes / this.bytesPerSecond) * 1_000
    await sleep(this.#freeAtMs - nowMs)
  }
}

async function pass(from: net.Socket, to: net.Socket, turn: (bytes: number) => Promise<unknown>): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer>) {
    await turn(chunk.length)
    if (!to.write(chunk)) await once(to, 'drain')
  }
  to.end()
}
