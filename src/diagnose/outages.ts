import type { Cause, FailureDocument } from '../records.js'

/** A time in which a target was down, or at which it broke off many requests at once. Times in milliseconds since the epoch. */
export interface Outage {
  readonly fromMs: number
  readonly untilMs: number
  /** Requests that were under way, or on idle connections, as it went down. */
  readonly cut: number
  /** Those that came while nothing listened. */
  readonly refused: number
}

const SECOND_MS = 1_000
/** Refusals within so many seconds of each other are of one outage. */
const PAUSE = 5
/** What goes down breaks off its connections within so many seconds before it refuses others. */
const BEFORE = 2
/** So many requests broken off in one second, over several workers, are no chance where it is so much more than usual. */
const BURST = 5
const BURST_WORKERS = 2
const BURST_OVER_USUAL = 20

/** Seconds with failures that are remembered, of all targets. Of what comes later, outages are not told. */
const MAX_SECONDS = 200_000

/** A target that goes down may break off a request in any of these ways. */
const CUT = new Set<Cause>(['premature_close', 'response_aborted', 'undetermined'])

interface Second {
  cut: number
  refused: number
  /** With their gateways. */
  readonly workers: Set<string>
}

/**
 * Tells from the failures of targets when these were down: requests are broken off at one instant on several workers, and others are
 * refused until it listens again. One that refuses all along never ran: that is no outage.
 */
export class Outages {
  readonly #byTarget = new Map<string, Map<number, Second>>()
  #seconds = 0

  /** In any order. */
  add(document: FailureDocument): void {
    const { target, target_source, cause, gateway, worker } = document.edgemicro
    const isCut = CUT.has(cause)
    if (target === null || target_source !== 'log' || (!isCut && cause !== 'connect_refused')) return
    const second = this.#secondOf(target, Math.floor(Date.parse(document['@timestamp']) / SECOND_MS))
    if (second === null) return
    if (isCut) second.cut++
    else second.refused++
    second.workers.add(`${gateway}\n${worker}`)
  }

  /** In their order. */
  of(target: string): readonly Outage[] {
    const seconds = [...(this.#byTarget.get(target) ?? [])].sort(([a], [b]) => a - b)
    return [...downs(seconds), ...bursts(seconds)]
      .sort((a, b) => a.fromMs - b.fromMs || b.untilMs - a.untilMs)
      .filter((each, index, all) => index === 0 || each.fromMs >= all[index - 1].untilMs)
  }

  #secondOf(target: string, at: number): Second | null {
    let seconds = this.#byTarget.get(target)
    if (seconds === undefined) {
      seconds = new Map()
      this.#byTarget.set(target, seconds)
    }
    const known = seconds.get(at)
    if (known !== undefined) return known
    if (this.#seconds >= MAX_SECONDS) return null
    this.#seconds++
    const second = { cut: 0, refused: 0, workers: new Set<string>() }
    seconds.set(at, second)
    return second
  }
}

type Seconds = readonly (readonly [at: number, second: Second])[]

/** Times without anybody who listens, that begin with requests broken off. */
function downs(seconds: Seconds): readonly Outage[] {
  const outages: Outage[] = []
  let run: { from: number; until: number; refused: number } | null = null
  const end = (): void => {
    if (run === null) return
    const { from, until, refused } = run
    const cut = seconds.filter(([at, { cut }]) => cut > 0 && at >= from - BEFORE && at <= from)
    if (cut.length > 0) outages.push(outageOf(cut[0][0], until, sumOf(cut), refused))
    run = null
  }
  for (const [at, { refused }] of seconds) {
    if (refused === 0) continue
    if (run !== null && at - run.until > PAUSE) end()
    run ??= { from: at, until: at, refused: 0 }
    run.until = at
    run.refused += refused
  }
  end()
  return outages
}

/** Seconds in which several workers saw many requests broken off, much more than at other times. */
function bursts(seconds: Seconds): readonly Outage[] {
  if (seconds.length === 0) return []
  const span = seconds[seconds.length - 1][0] - seconds[0][0] + 1
  const all = sumOf(seconds)
  return seconds
    .filter(([, { cut, workers }]) => {
      const usual = (all - cut) / Math.max(1, span - 1)
      return cut >= BURST && workers.size >= BURST_WORKERS && cut >= BURST_OVER_USUAL * usual
    })
    .map(([at, { cut }]) => outageOf(at, at, cut, 0))
}

function sumOf(seconds: Seconds): number {
  return seconds.reduce((sum, [, { cut }]) => sum + cut, 0)
}

function outageOf(from: number, until: number, cut: number, refused: number): Outage {
  return { fromMs: from * SECOND_MS, untilMs: (until + 1) * SECOND_MS, cut, refused }
}
