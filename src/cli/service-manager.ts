import { execFile } from 'node:child_process'
import type { Context } from './context.js'

export interface ServiceManagerOptions {
  readonly environment: Context['environment']
  readonly processId: number
  /** Told once, where systemd waits for word and cannot be given any. */
  readonly onFailure: (message: string) => void
}

/** A word is small; whoever takes longer hangs. */
const TIMEOUT_MS = 10_000

/**
 * Tells systemd how the service is (sd_notify(3)), where it asks for it by `NOTIFY_SOCKET`; else does nothing. Words go out in their order.
 *
 * The socket takes datagrams, for which Node has no way; so `systemd-notify`, which is there wherever systemd is, is run for each word: four or so
 * in a life, and two for each time of the watchdog. The unit has to say `NotifyAccess=all`, for the word comes from a child.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions
  readonly #socket: string | undefined
  #last: Promise<void> = Promise.resolve()
  #watchdog: NodeJS.Timeout | undefined
  #hasFailed = false

  constructor(options: ServiceManagerOptions) {
    this.#options = options
    this.#socket = options.environment.NOTIFY_SOCKET
  }

  ready(): void {
    this.#tell('READY=1', 'STATUS=running')
  }

  reloading(): void {
    this.#tell('RELOADING=1', 'STATUS=reloading')
  }

  stopping(): void {
    this.#tell('STOPPING=1', 'STATUS=stopping')
  }

  /** Feeds the watchdog, where there is one, as long as `isAlive` says so: twice in its time. */
  watch(isAlive: () => boolean): void {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#options.environment
    const watchdogMs = Number(WATCHDOG_USEC) / 1000
    const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === this.#options.processId
    if (this.#socket === undefined || !isOurs || !(watchdogMs > 0)) return
    const feed = (): void => {
      if (isAlive()) this.#tell('WATCHDOG=1')
    }
    feed()
    this.#watchdog = setInterval(feed, watchdogMs / 2).unref()
  }

  /** Resolves when the last word has gone out. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog)
    await this.#last
  }

  #tell(...words: readonly string[]): void {
    const socket = this.#socket
    if (socket !== undefined) this.#last = this.#last.then(() => this.#send(socket, words))
  }

  #send(socket: string, words: readonly string[]): Promise<void> {
    const environment = { NOTIFY_SOCKET: socket, PATH: '/usr/local/bin:/usr/bin:/bin' }
    return new Promise((resolve) => {
      execFile('systemd-notify', words, { env: environment, timeout: TIMEOUT_MS }, (error) => {
        if (error !== null && !this.#hasFailed) {
          this.#hasFailed = true
          this.#options.onFailure(
            `cannot tell systemd: systemd-notify ${error.code === 'ENOENT' ? 'is missing' : 'failed'}`,
          )
        }
        resolve()
      })
    })
  }
}
