/** Hints come in swarms while logs are written to: so much time passes at least, to read more than a line of each at once. */
const MIN_WAIT_MS = 200

/** A wait that a hint shortens and an abort ends. */
export class WakeUp {
  #hinted = false
  #endWait: () => void = () => {}

  hint(): void {
    this.#hinted = true
    this.#endWait()
  }

  /** Waits `timeoutMs`, or only 200 ms from a hint that comes meanwhile or came since the last wait. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const shortMs = Math.min(MIN_WAIT_MS, timeoutMs)
    if (!this.#hinted) {
      await sleep(timeoutMs - shortMs, signal, (end) => {
        this.#endWait = end
      })
      this.#endWait = () => {}
    }
    await sleep(shortMs, signal)
    this.#hinted = false
  }
}

function sleep(durationMs: number, signal: AbortSignal, giveEnd?: (end: () => void) => void): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, durationMs)
    signal.addEventListener('abort', end)
    giveEnd?.(end)
  })
}
