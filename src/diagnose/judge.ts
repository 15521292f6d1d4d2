import type { JudgedFailure } from '../judged-failure.js'
import type { Cause } from '../records.js'
import { DayResets } from './day-resets.js'
import { processOf, resetOf } from './document-reset.js'
import type { IdleTimeoutEstimate } from './idle-timeout.js'
import type { Reset } from './reset.js'
import { TargetResets } from './target-resets.js'

interface Judgement {
  readonly cause: Cause
  readonly confidence: number
}

const OPEN: Judgement = { cause: 'undetermined', confidence: 0 }

/** Less sure than this, the cause stays open. */
const SURE_OF_RACE = 0.6
const SURE_OF_PREMATURE = 0.6
/** No model is surer than its assumptions, nor than a few resets of one target allow. */
const MOST = 0.99
const DOUBT_OF_ONE = 0.3

/** So many requests on reused connections show what is usual. */
const ENOUGH_REUSES = 5

const DAY_MS = 86_400_000

/** A reset is judged with those of its target of its own day (UTC), and of the day before. */
const DAYS = 2

/** Failures of a target, by event time: those from `fromMs` on are judged, those from `sinceMs` on tell what they were. */
export interface Window {
  readonly sinceMs: number
  readonly fromMs: number
  readonly untilMs: number
}

/** Whose verdicts a reset of this time has a part in. */
export function windowAround(timeMs: number): Window {
  const fromMs = dayOf(timeMs)
  return { sinceMs: fromMs - (DAYS - 1) * DAY_MS, fromMs, untilMs: fromMs + DAYS * DAY_MS }
}

export interface JudgeOptions {
  /** Idle timeouts of targets where they are known, in milliseconds. */
  readonly timeouts?: ReadonlyMap<string, number>
  /** Resets that are remembered, where there are more than those of two days: the oldest days go. No bound where not said. */
  readonly maxResets?: number
  /** Of one target and day so many, a sample of them, are remembered; as `DayResets` where not said. */
  readonly maxResetsOfDay?: number
  /** By what share the resets of a target must grow before they are weighed again; 0 where not said. */
  readonly patience?: number
}

/** Windows whose models are held: those that were made last. */
const MAX_WINDOWS = 256

/**
 * Judges the resets of any number of targets, from what was seen of each in two days. A verdict is a function of those resets
 * as a set (but with `patience`), so whoever knows the same ones judges alike. How many of them are races differs between
 * gateways, and behind one name there may be several servers: so the gateway processes with most resets of a target are judged
 * by themselves, the others together.
 */
export class Judge {
  readonly #timeouts: ReadonlyMap<string, number>
  readonly #maxResets: number
  readonly #maxResetsOfDay: number | undefined
  readonly #patience: number
  readonly #targets = new Map<string, Map<number, DayResets>>()
  readonly #windows = new Map<string, { readonly added: number; readonly resets: TargetResets }>()
  #size = 0

  constructor(options: JudgeOptions = {}) {
    const { timeouts = new Map(), maxResets = Number.POSITIVE_INFINITY, maxResetsOfDay, patience = 0 } = options
    this.#timeouts = timeouts
    this.#maxResets = maxResets
    this.#maxResetsOfDay = maxResetsOfDay
    this.#patience = patience
  }

  /** Learns from a failure; true where its cause is open. */
  add(failure: JudgedFailure): boolean {
    const reset = resetOf(failure)
    const { target } = failure.edgemicro
    if (reset === null || target === null) return false
    const resets = this.#resetsOf(target, dayOf(timeOf(failure)))
    const before = resets.size
    resets.add(identityOf(failure), { process: processOf(failure), reset })
    this.#size += resets.size - before
    if (this.#size > this.#maxResets) this.#forget()
    return true
  }

  /** The failure with its cause, where that was open and is likely enough; else as it is. */
  judged<Failure extends JudgedFailure>(failure: Failure): Failure {
    const reset = resetOf(failure)
    const { target } = failure.edgemicro
    if (reset === null || target === null) return failure
    const window = this.#window(target, dayOf(timeOf(failure)))
    if (window === null) return failure
    const { model, resets: alike } = window.groupOf(processOf(failure))
    const most = Math.min(MOST, 1 - DOUBT_OF_ONE / Math.max(1, alike.length))
    const judgement = judgementOf(model.raceProbability(reset), most)
    const isOpen = judgement.cause === 'premature_close' && !this.#timeouts.has(target) && hasUnknownTraffic(reset)
    return withJudgement(failure, isOpen ? OPEN : judgement)
  }

  /**
   * What the resets of each target tell of its idle timeout; also where that is nothing. Of the newest days that suffice, for a
   * timeout may have been changed; with the races of all days.
   */
  estimates(): ReadonlyMap<string, IdleTimeoutEstimate> {
    return new Map([...this.#targets].map(([target, days]) => [target, this.#estimate(target, days)] as const))
  }

  #estimate(target: string, days: ReadonlyMap<number, DayResets>): IdleTimeoutEstimate {
    let races = 0
    let known = NOTHING
    for (const [dayMs, { seen }] of [...days].sort(([one], [other]) => one - other)) {
      const window = this.#window(target, dayMs)
      if (window === null) continue
      races += window.racesAmong(seen)
      const estimate = window.estimate()
      if (estimate.state === 'estimated') known = estimate
    }
    return { ...known, races }
  }

  #resetsOf(target: string, dayMs: number): DayResets {
    let days = this.#targets.get(target)
    if (days === undefined) this.#targets.set(target, (days = new Map()))
    let resets = days.get(dayMs)
    if (resets === undefined) days.set(dayMs, (resets = new DayResets({ maxResets: this.#maxResetsOfDay })))
    return resets
  }

  /** Null where no reset is known that would tell anything. */
  #window(target: string, dayMs: number): TargetResets | null {
    const days = this.#targets.get(target)
    const within = Array.from({ length: DAYS }, (_, ago) => days?.get(dayMs - ago * DAY_MS) ?? []).flat()
    const added = within.reduce((sum, day) => sum + day.added, 0)
    if (added === 0) return null
    const key = `${dayMs} ${target}`
    const known = this.#windows.get(key)
    if (known !== undefined && added <= known.added * (1 + this.#patience)) return known.resets
    const resets = new TargetResets(
      within.flatMap(({ seen }) => seen),
      this.#timeouts.get(target) ?? null,
    )
    this.#windows.delete(key)
    this.#windows.set(key, { added, resets })
    for (const [oldest] of this.#windows) {
      if (this.#windows.size <= MAX_WINDOWS) break
      this.#windows.delete(oldest)
    }
    return resets
  }

  #forget(): void {
    const all = new Set([...this.#targets.values()].flatMap((days) => [...days.keys()]))
    const oldestFirst = [...all].sort((one, other) => one - other).slice(0, -DAYS)
    for (const dayMs of oldestFirst) {
      if (this.#size <= this.#maxResets) return
      for (const days of this.#targets.values()) {
        this.#size -= days.get(dayMs)?.size ?? 0
        days.delete(dayMs)
      }
    }
  }
}

const NOTHING: IdleTimeoutEstimate = { state: 'insufficient', timeoutMs: null, lowMs: null, highMs: null, races: 0 }

function timeOf(failure: JudgedFailure): number {
  return Date.parse(failure['@timestamp'])
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS
}

/** What is told twice of one failure is one reset. */
function identityOf({ http, log }: JudgedFailure): string {
  return http.request.id ?? `${log.offset} ${log.file.path}`
}

/** Hardly a request is known, and none that ended well at such an idle time: it may well lie beyond the timeout. */
function hasUnknownTraffic({ reuses, reuses_near }: Reset): boolean {
  return reuses < ENOUGH_REUSES && reuses_near === 0
}

function withJudgement<Failure extends JudgedFailure>(failure: Failure, { cause, confidence }: Judgement): Failure {
  if (cause === failure.edgemicro.cause && confidence === failure.edgemicro.confidence) return failure
  return { ...failure, edgemicro: { ...failure.edgemicro, cause, confidence } }
}

function judgementOf(race: number, most: number): Judgement {
  const rounded = (confidence: number): number => Math.round(Math.min(most, confidence) * 100) / 100
  if (race >= SURE_OF_RACE) return { cause: 'keepalive_race', confidence: rounded(race) }
  if (1 - race >= SURE_OF_PREMATURE) return { cause: 'premature_close', confidence: rounded(1 - race) }
  return OPEN
}
