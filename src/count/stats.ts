/** The counters of a stats record's text (`treqErrors=0, statusCodes={1=0, 2=5}, requests=12, …`) that are numbers. */
export function readCounters(text: string): Record<string, number> {
  const counters: Record<string, number> = Object.create(null)
  for (const [, name, number, group] of text.matchAll(COUNTER)) {
    if (number !== undefined) counters[name] = Number(number)
    else
      for (const [, code, count] of group.matchAll(/(\w{1,32})=(\d{1,15})/g))
        counters[`${name}.${code}`] = Number(count)
  }
  return counters
}

const COUNTER = /(\w{1,64})=(?:(\d{1,15})(?=,|\s|$)|\{([^{}]{0,4096})\})/g

/** Requests that a worker counted since its record before. */
export interface StatsDelta {
  readonly requests: number
  readonly responses: number
}

/**
 * Traffic from the gateway's interval statistics, where no info records are there to be counted: per worker,
 * cumulative since the worker started, not written while idle. A counter that goes back is a new worker of the same
 * number. The first record of a worker counts only if its start, or the gateway process's, was seen.
 */
export class StatsCounter {
  readonly #workers = new Map<number, Worker>()
  /** The gateway process was seen from its start, so a worker never seen before counts from nought. */
  #seenFromStart = false

  processStarted(): void {
    this.#seenFromStart = true
  }

  /** A worker came up: its counters begin at nought. */
  started(worker: number): void {
    this.#workers.set(worker, { requests: 0, responses: 0, linesSeen: false, known: true })
  }

  /** An info record of a request: this worker's traffic is counted by lines until its next stats record. */
  sawRequest(worker: number): void {
    const known = this.#workers.get(worker)
    if (known !== undefined) known.linesSeen = true
    else this.#workers.set(worker, { requests: 0, responses: 0, linesSeen: true, known: this.#seenFromStart })
  }

  /** Null where lines were counted, or the interval's begin is unknown. */
  stats(worker: number, counters: Readonly<Record<string, number>>): StatsDelta | null {
    const { requests, responses } = counters
    if (requests === undefined || responses === undefined) return null
    const before = this.#workers.get(worker)
    this.#workers.set(worker, { requests, responses, linesSeen: false, known: true })
    if (before === undefined) return this.#seenFromStart ? delta(NOUGHT, { requests, responses }) : null
    if (!before.known || before.linesSeen) return null
    return delta(before, { requests, responses })
  }
}

const NOUGHT: StatsDelta = { requests: 0, responses: 0 }

/** Null where nothing was counted; a counter that went back began anew. */
function delta(before: StatsDelta, { requests, responses }: StatsDelta): StatsDelta | null {
  const isRestart = requests < before.requests || responses < before.responses
  const from = isRestart ? NOUGHT : before
  if (requests === from.requests && responses === from.responses) return null
  return { requests: requests - from.requests, responses: responses - from.responses }
}

interface Worker {
  readonly requests: number
  readonly responses: number
  linesSeen: boolean
  readonly known: boolean
}
