import type { Cause, FailureDocument } from '../records.js'
import { isReset } from './cause.js'
import type { IdleTimeoutEstimate } from './idle-timeout.js'
import { RaceModel } from './race-model.js'
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

/** Targets are configured, so few. Past it, resets of further ones stay open: each target has its price. */
const MAX_TARGETS = 1_000

const BY_CONNECTION = new Set<Cause>(['undetermined', 'keepalive_race', 'premature_close'])

/**
 * The reset of a document whose cause its halves leave open and its connection may tell: null for others. `diagnose` gives such
 * documents as `undetermined`.
 */
export function resetOf({ error, edgemicro }: FailureDocument): Reset | null {
  const { evidence, cause, target_source } = edgemicro
  const { idle_ms = null, reuses = null, reuses_near, reuses_same, resets_near } = evidence
  // Packets know better.
  if (evidence.packet_told === 1) return null
  if (!BY_CONNECTION.has(cause) || target_source !== 'log' || idle_ms === null || reuses === null) return null
  if (!isReset(error.code)) return null
  return {
    idle_ms,
    reuses,
    reuses_near: reuses_near ?? 0,
    reuses_same: reuses_same ?? 0,
    resets_near: resets_near ?? 0,
    errorCode: error.code,
    errorMessage: error.message,
    origin: `${edgemicro.gateway ?? ''}\n${edgemicro.proxy ?? ''}`,
  }
}

/**
 * Judges the resets of any number of targets, from what was seen of each. How many of them are races differs between gateways, and
 * behind one name there may be several servers: so the gateway processes with most resets of a target are judged by themselves,
 * the others together.
 */
export class Judge {
  readonly #timeouts: ReadonlyMap<string, number>
  readonly #targets = new Map<string, TargetResets>()

  /** `timeouts`: idle timeouts of targets where they are known, in milliseconds. */
  constructor(timeouts: ReadonlyMap<string, number> = new Map()) {
    this.#timeouts = timeouts
  }

  /** Learns from a document; true where its cause is open. */
  add(document: FailureDocument): boolean {
    const reset = resetOf(document)
    const { target } = document.edgemicro
    if (reset === null || target === null) return false
    let resets = this.#targets.get(target)
    if (resets === undefined) {
      if (this.#targets.size >= MAX_TARGETS) return false
      resets = new TargetResets(this.#timeouts.get(target) ?? null)
      this.#targets.set(target, resets)
    }
    resets.add(processOf(document), reset)
    return true
  }

  /** The document with its cause, where that was open and is likely enough; else as it is. */
  judged(document: FailureDocument): FailureDocument {
    const reset = resetOf(document)
    const { target } = document.edgemicro
    if (reset === null || target === null) return document
    const resets = this.#targets.get(target)
    if (resets === undefined) return document
    const { model, resets: alike } = resets.groupOf(processOf(document))
    const most = Math.min(MOST, 1 - DOUBT_OF_ONE / Math.max(1, alike.length))
    const judgement = judgementOf(model.raceProbability(reset), most)
    const isOpen = judgement.cause === 'premature_close' && !this.#timeouts.has(target) && hasUnknownTraffic(reset)
    return withJudgement(document, isOpen ? OPEN : judgement)
  }

  /** What the resets of each target tell of its idle timeout; also where that is nothing. */
  estimates(): ReadonlyMap<string, IdleTimeoutEstimate> {
    return new Map([...this.#targets].map(([target, resets]) => [target, resets.estimate()] as const))
  }
}

/** Hardly a request is known, and none that ended well at such an idle time: it may well lie beyond the timeout. */
function hasUnknownTraffic({ reuses, reuses_near }: Reset): boolean {
  return reuses < ENOUGH_REUSES && reuses_near === 0
}

/** The gateway process that logged a failure: each start has log files of its own, numbered as they are rotated. */
function processOf({ edgemicro, log }: FailureDocument): string {
  return JSON.stringify([edgemicro.gateway, log.file.path.replace(/-\d+-api\.log(\.gz)?$/, '')])
}

/**
 * Judges by known timeouts alone: a pure function of the document, so that a stream and its replay say the same. Resets of
 * targets whose timeout is not known stay open.
 */
export class KnownTimeouts {
  readonly #models: ReadonlyMap<string, RaceModel>

  /** Idle timeouts by target, in milliseconds. */
  constructor(timeouts: ReadonlyMap<string, number>) {
    this.#models = new Map([...timeouts].map(([target, timeoutMs]) => [target, new RaceModel([], timeoutMs)] as const))
  }

  judged(document: FailureDocument): FailureDocument {
    const reset = this.#models.size === 0 ? null : resetOf(document)
    const model = this.#models.get(document.edgemicro.target ?? '')
    if (reset === null || model === undefined) return document
    return withJudgement(document, judgementOf(model.raceProbability(reset), MOST))
  }
}

function withJudgement(document: FailureDocument, { cause, confidence }: Judgement): FailureDocument {
  if (cause === document.edgemicro.cause && confidence === document.edgemicro.confidence) return document
  return { ...document, edgemicro: { ...document.edgemicro, cause, confidence } }
}

function judgementOf(race: number, most: number): Judgement {
  const rounded = (confidence: number): number => Math.round(Math.min(most, confidence) * 100) / 100
  if (race >= SURE_OF_RACE) return { cause: 'keepalive_race', confidence: rounded(race) }
  if (1 - race >= SURE_OF_PREMATURE) return { cause: 'premature_close', confidence: rounded(1 - race) }
  return OPEN
}
