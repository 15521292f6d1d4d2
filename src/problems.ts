import type { HangupError } from './errors.js'

/** Tells of problems, each kind (class, code, and what about) once in half a minute at most. */
export class Problems {
  readonly #tell: (problem: HangupError) => void
  readonly #nowMs: () => number
  readonly #toldAtMs = new Map<string, number>()

  constructor(tell: (problem: HangupError) => void, nowMs: () => number = Date.now) {
    this.#tell = tell
    this.#nowMs = nowMs
  }

  tell(problem: HangupError): void {
    const kind = `${problem.name} ${problem.code} ${problem.message.replace(/ \(.*/s, '')}`
    const nowMs = this.#nowMs()
    const toldAtMs = this.#toldAtMs.get(kind)
    if (toldAtMs !== undefined && nowMs - toldAtMs < QUIET_MS) return
    if (this.#toldAtMs.size >= MOST_KINDS) this.#toldAtMs.clear()
    this.#toldAtMs.set(kind, nowMs)
    this.#tell(problem)
  }
}

const QUIET_MS = 30_000
const MOST_KINDS = 1_000
