import { HangupError } from '../errors.js'

export interface ReloadableInput<Plan, Result> {
  readonly first: Plan
  /** Reads the plan anew. Throws `HangupError` for one that is not to be taken. */
  readonly read: () => Promise<Plan>
  /** Runs until its input ends or `signal` aborts; then everything is stored. `onRunning` is to be called when it reads. */
  readonly run: (plan: Plan, run: { readonly signal: AbortSignal; readonly onRunning: () => void }) => Promise<Result>
  /** Its abort ends all. */
  readonly signal: AbortSignal
  /** Calls the listener at each request to reload, until the returned function is called. */
  readonly onReload: (listener: () => void) => () => void
  readonly tell: ReloadListener
}

export interface ReloadListener {
  /** The plan is being read anew. */
  reloading(): void
  /** It is not taken: the old one keeps running, or runs again. */
  refused(error: HangupError): void
  /** A plan is running: the first, a new one, or again the old one. */
  running(): void
  /** The old run is handed over to the new plan in spite of how it ended: what it did not store is read again. */
  brokenOff(error: HangupError): void
}

/**
 * Runs one plan after another: at a request, the plan is read anew while the old one runs on. A good one takes over when the old run has
 * come to its clean stop; one that cannot begin gives way to the old one again.
 */
export async function runReloadable<Plan, Result>(input: ReloadableInput<Plan, Result>): Promise<Result> {
  const requests = new Requests(input)
  const release = input.onReload(() => requests.add())
  try {
    let plan = input.first
    let fallback: Plan | null = null
    while (true) {
      const turn = requests.begin()
      try {
        const result = await input.run(plan, {
          signal: AbortSignal.any([input.signal, turn.signal]),
          onRunning: turn.onRunning,
        })
        const next = turn.end()
        if (next === null || input.signal.aborted) return result
        fallback = plan
        plan = next.plan
      } catch (error) {
        const next = turn.end()
        if (input.signal.aborted || !(error instanceof HangupError)) throw error
        if (next !== null) {
          input.tell.brokenOff(error)
          fallback = plan
          plan = next.plan
        } else if (fallback !== null && !turn.hasRun) {
          input.tell.refused(error)
          plan = fallback
          fallback = null
        } else throw error
      }
    }
  } finally {
    release()
  }
}

interface Turn<Plan> {
  /** Aborts when another plan is to take over. */
  readonly signal: AbortSignal
  readonly onRunning: () => void
  readonly hasRun: boolean
  /** The plan that is to take over; null where there is none. */
  end(): { readonly plan: Plan } | null
}

/** Requests to reload: one at a time, while something runs; those that come meanwhile are one more. */
class Requests<Plan, Result> {
  #isWaiting = false
  #isReading = false
  #turn: { readonly stop: AbortController; isRunning: boolean; next: { readonly plan: Plan } | null } | null = null

  constructor(private readonly input: ReloadableInput<Plan, Result>) {}

  add(): void {
    this.#isWaiting = true
    void this.#work()
  }

  begin(): Turn<Plan> {
    const turn = { stop: new AbortController(), isRunning: false, next: null as { readonly plan: Plan } | null }
    this.#turn = turn
    return {
      signal: turn.stop.signal,
      onRunning: () => {
        turn.isRunning = true
        this.input.tell.running()
        void this.#work()
      },
      get hasRun() {
        return turn.isRunning
      },
      end: () => {
        this.#turn = null
        return turn.next
      },
    }
  }

  async #work(): Promise<void> {
    const turn = this.#turn
    if (!this.#isWaiting || this.#isReading || turn?.isRunning !== true || turn.next !== null) return
    this.#isWaiting = false
    this.#isReading = true
    const { tell, read } = this.input
    tell.reloading()
    try {
      turn.next = { plan: await read() }
      turn.stop.abort()
    } catch (error) {
      if (!(error instanceof HangupError)) throw error
      tell.refused(error)
      tell.running()
    } finally {
      this.#isReading = false
    }
    void this.#work()
  }
}
