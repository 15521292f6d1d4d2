import { readFileSync } from 'node:fs'
import type { Resting } from './log-handle.js'

/** Where the system does not say: what is usual. */
const USUAL_LIMIT = 1024
/** Of what the process may open; the rest is for stores, dead letters and connections. */
const SHARE = 1 / 2

export interface OpenHandlesOptions {
  /** Files that were not read for so long rest. */
  readonly closeIdleMs: number
  readonly maxOpen?: number
  /** Told once, when files have to rest that may have more to read. */
  readonly onFull: (maxOpen: number) => void
}

/** The files that are open at a time: bounded in number, whatever the number of logs. */
export class OpenHandles {
  readonly #options: OpenHandlesOptions
  readonly #maxOpen: number
  readonly #open = new Set<Resting>()
  #hasTold = false

  constructor(options: OpenHandlesOptions) {
    this.#options = options
    this.#maxOpen = options.maxOpen ?? Math.max(16, Math.floor(descriptorLimit() * SHARE))
  }

  add(handle: Resting): void {
    this.#open.add(handle)
  }

  remove(handle: Resting): void {
    this.#open.delete(handle)
  }

  /** Lets the one rest that was not used for longest, where there is no room for another. */
  async makeRoom(): Promise<void> {
    while (this.#open.size >= this.#maxOpen) {
      const [first, ...others] = this.#open
      await others.reduce((oldest, other) => (other.usedMs < oldest.usedMs ? other : oldest), first).rest()
      if (!this.#hasTold) this.#options.onFull(this.#maxOpen)
      this.#hasTold = true
    }
  }

  /** Lets those rest that were not read for long, and have nothing to read. */
  async restIdle(nowMs: number): Promise<void> {
    for (const handle of [...this.#open]) {
      if (!handle.hasUnread && nowMs - handle.usedMs >= this.#options.closeIdleMs) await handle.rest()
    }
  }
}

/** How many files the process may have open. Linux says so in a file; Node has raised it to the hard limit at its start. */
function descriptorLimit(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined ? USUAL_LIMIT : Number(limit)
  } catch {
    return USUAL_LIMIT
  }
}
