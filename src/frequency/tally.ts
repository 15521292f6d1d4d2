import { ConfigError } from '../errors.js'
import type { FailureDocument, IndexDocument, TrafficDocument } from '../records.js'
import { answer, checkWindows, distinct, trafficDimensions, windowStart } from './answer.js'
import { type Cell, Cells } from './cells.js'
import type { Dimension, Filter, FrequencyRow, FrequencyStore, Question } from './question.js'

/** The finest question that a tally can answer. */
export interface Grain {
  readonly dimensions: readonly Dimension[]
  /** Width of its windows, a multiple of one minute; null: one window for all of time. */
  readonly everyMs: number | null
  /** Bound of its memory, for failures and for traffic; what is new beyond it is counted as `other`. Default 200,000. */
  readonly maxCells?: number
}

/**
 * Counts documents in memory, as they come from the pipeline, and answers any question that is coarser than its grain.
 * Each document is counted as often as it is added: give each failure and each minute of traffic once, in its final form.
 */
export class Tally implements FrequencyStore {
  readonly #dimensions: readonly Dimension[]
  readonly #trafficDimensions: readonly Dimension[]
  readonly #everyMs: number | null
  readonly #failures: Cells
  readonly #requests: Cells
  readonly #readFailure: readonly ((failure: FailureDocument) => string | null)[]
  readonly #readTraffic: readonly ((traffic: TrafficDocument) => string | null)[]
  readonly #failureValues: (string | null)[] = []
  readonly #trafficValues: (string | null)[] = []
  readonly #clock = new IsoClock()

  /** Throws `ConfigError` for windows that cannot be cut. */
  constructor({ dimensions, everyMs, maxCells = 200_000 }: Grain) {
    checkWindows({ by: dimensions, everyMs, filter: {} })
    this.#dimensions = distinct(dimensions)
    this.#trafficDimensions = trafficDimensions(this.#dimensions)
    this.#everyMs = everyMs
    this.#failures = new Cells(this.#dimensions.length, maxCells)
    this.#requests = new Cells(this.#trafficDimensions.length, maxCells)
    this.#readFailure = this.#dimensions.map((dimension) => FAILURE_VALUE[dimension])
    this.#readTraffic = this.#trafficDimensions.map((dimension) => (traffic) => trafficValue(traffic, dimension))
  }

  /** How many documents were counted under `other` because there was no more room. */
  get folded(): number {
    return this.#failures.folded + this.#requests.folded
  }

  add(documents: readonly IndexDocument[]): void {
    for (const { kind, document } of documents) {
      if (kind === 'failure') this.#addFailure(document)
      else this.#addTraffic(document)
    }
  }

  /** Throws `ConfigError` (`usage`) for a question that is finer than the grain. */
  async ask(question: Question): Promise<readonly FrequencyRow[]> {
    this.#check(question)
    const by = distinct(question.by)
    const matching = { filter: question.filter, everyMs: question.everyMs }
    const failures = regroup(this.#failures, { ...matching, from: this.#dimensions, to: by })
    // A code is an outcome: it says nothing of the requests.
    const filter = { ...question.filter, code: undefined }
    const requests = regroup(this.#requests, {
      ...matching,
      filter,
      from: this.#trafficDimensions,
      to: trafficDimensions(by),
    })
    return answer(by, failures, requests)
  }

  async close(): Promise<void> {}

  #addFailure(failure: FailureDocument): void {
    const timeMs = this.#clock.timeMs(failure['@timestamp'])
    const values = this.#failureValues
    for (let level = 0; level < this.#readFailure.length; level++) values[level] = this.#readFailure[level](failure)
    const cell = this.#failures.at(windowStart(timeMs, this.#everyMs), values)
    cell.count++
    if (cell.firstMs === null || timeMs < cell.firstMs) cell.firstMs = timeMs
    if (cell.lastMs === null || timeMs > cell.lastMs) cell.lastMs = timeMs
  }

  #addTraffic(traffic: TrafficDocument): void {
    const timeMs = this.#clock.timeMs(traffic['@timestamp'])
    const values = this.#trafficValues
    for (let level = 0; level < this.#readTraffic.length; level++) values[level] = this.#readTraffic[level](traffic)
    this.#requests.at(windowStart(timeMs, this.#everyMs), values).count += traffic.edgemicro.requests
  }

  #check(question: Question): void {
    checkWindows(question)
    const { by, everyMs, filter } = question
    const filtered = FILTER_DIMENSIONS.filter((dimension) => filter[dimension] !== undefined)
    const unknown = [...by, ...filtered].find((dimension) => !this.#dimensions.includes(dimension))
    if (unknown !== undefined) throw finer(`not counted by ${unknown}`)
    const edges = [everyMs, filter.sinceMs, filter.untilMs].filter((edge) => typeof edge === 'number')
    for (const edge of edges) {
      if (this.#everyMs === null) throw finer('not counted per window')
      if (edge % this.#everyMs !== 0) throw finer(`not a multiple of the window of ${this.#everyMs} ms: ${edge} ms`)
    }
  }
}

const FILTER_DIMENSIONS = ['target', 'proxy', 'code'] as const

const FAILURE_VALUE: Readonly<Record<Dimension, (failure: FailureDocument) => string | null>> = {
  target: (failure) => failure.edgemicro.target,
  cause: (failure) => failure.edgemicro.cause,
  code: (failure) => failure.error.code,
  proxy: (failure) => failure.edgemicro.proxy,
  status: (failure) => statusText(failure.http.response.status_code),
  gateway: (failure) => failure.edgemicro.gateway,
  worker: (failure) => failure.edgemicro.worker,
  org: (failure) => failure.edgemicro.org,
  env: (failure) => failure.edgemicro.env,
  method: (failure) => failure.http.request.method,
}

function trafficValue({ edgemicro }: TrafficDocument, dimension: Dimension): string | null {
  switch (dimension) {
    case 'target':
    case 'proxy':
    case 'gateway':
    case 'org':
    case 'env':
      return edgemicro[dimension]
    default:
      return null
  }
}

function statusText(status: number | null): string | null {
  return status === null ? null : String(status)
}

interface Regrouping {
  readonly from: readonly Dimension[]
  readonly to: readonly Dimension[]
  readonly everyMs: number | null
  readonly filter: Filter
}

/** The cells that pass the filter, added up by fewer dimensions and in wider windows. */
function regroup(cells: Cells, { from, to, everyMs, filter }: Regrouping): Cells {
  const sums = new Cells(to.length, Number.POSITIVE_INFINITY)
  const positions = to.map((dimension) => from.indexOf(dimension))
  for (const cell of cells.all) {
    if (!passes(cell, from, filter)) continue
    const start = cell.startMs === null ? null : windowStart(cell.startMs, everyMs)
    const sum = sums.at(
      start,
      positions.map((position) => cell.values[position]),
    )
    sum.count += cell.count
    sum.firstMs = lesser(sum.firstMs, cell.firstMs, Math.min)
    sum.lastMs = lesser(sum.lastMs, cell.lastMs, Math.max)
  }
  return sums
}

function passes(
  { startMs, values }: Cell,
  from: readonly Dimension[],
  { sinceMs, untilMs, ...wanted }: Filter,
): boolean {
  // Edges lie on window borders, so a window is in the range or out of it as a whole.
  if (startMs !== null && sinceMs !== undefined && startMs < sinceMs) return false
  if (startMs !== null && untilMs !== undefined && startMs >= untilMs) return false
  return FILTER_DIMENSIONS.every(
    (dimension) => wanted[dimension] === undefined || values[from.indexOf(dimension)] === wanted[dimension],
  )
}

function lesser(one: number | null, other: number | null, pick: (one: number, other: number) => number): number | null {
  if (one === null || other === null) return one ?? other
  return pick(one, other)
}

function finer(what: string): ConfigError {
  return new ConfigError(`the question is finer than what was counted: ${what}`, {
    code: 'usage',
    hint: 'ask a coarser question, or count again with a finer grain',
  })
}

/** Reads ISO times of UTC. Neighbours share their minute mostly, so the minute is read once. */
class IsoClock {
  #minute = ''
  #minuteMs = 0

  timeMs(iso: string): number {
    if (iso.length !== 24 || !iso.endsWith('Z')) return Date.parse(iso)
    if (!iso.startsWith(this.#minute) || this.#minute === '') {
      this.#minute = iso.slice(0, 17)
      this.#minuteMs = Date.parse(`${this.#minute}00.000Z`)
    }
    return (
      this.#minuteMs +
      digit(iso, 17) * 10_000 +
      digit(iso, 18) * 1_000 +
      digit(iso, 20) * 100 +
      digit(iso, 21) * 10 +
      digit(iso, 22)
    )
  }
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - 48
}
