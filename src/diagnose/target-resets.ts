import { estimateOf, type IdleTimeoutEstimate } from './idle-timeout.js'
import { RaceModel } from './race-model.js'
import type { Reset } from './reset.js'

/** So many resets of one gateway process tell of it alone. */
const ENOUGH = 20
/** Processes that are judged by themselves: those with most resets. */
const MAX_ALONE = 16
/** Resets of one process that are looked at: the newest. */
const MAX_RESETS = 20_000

/** Resets that are judged together. */
export interface ResetGroup {
  readonly resets: readonly Reset[]
  readonly model: RaceModel
}

/** The resets of one target, by the gateway process that saw them. */
export class TargetResets {
  readonly #timeoutMs: number | null
  readonly #byProcess = new Map<string, Reset[]>()
  #groups: { readonly alone: ReadonlyMap<string, ResetGroup>; readonly others: ResetGroup } | null = null

  /** `timeoutMs`: the target's idle timeout where it is known. */
  constructor(timeoutMs: number | null) {
    this.#timeoutMs = timeoutMs
  }

  add(process: string, reset: Reset): void {
    this.#groups = null
    const resets = this.#byProcess.get(process)
    if (resets === undefined) this.#byProcess.set(process, [reset])
    else if (resets.push(reset) >= 2 * MAX_RESETS) resets.splice(0, MAX_RESETS)
  }

  /** Those that the resets of a process are judged with. */
  groupOf(process: string): ResetGroup {
    const { alone, others } = this.#grouped()
    return alone.get(process) ?? others
  }

  /** As the group with most likely races tells it, of those that suffice; with the races of all. */
  estimate(): IdleTimeoutEstimate {
    const { alone, others } = this.#grouped()
    const estimates = [...alone.values(), others].map(({ model, resets }) => estimateOf(model, resets))
    const races = estimates.reduce((sum, each) => sum + each.races, 0)
    const rank = (each: IdleTimeoutEstimate): number => (each.state === 'estimated' ? each.races : -1)
    const best = estimates.reduce((one, other) => (rank(other) > rank(one) ? other : one))
    return { ...best, races }
  }

  #grouped(): { readonly alone: ReadonlyMap<string, ResetGroup>; readonly others: ResetGroup } {
    this.#groups ??= this.#group()
    return this.#groups
  }

  #group(): { readonly alone: ReadonlyMap<string, ResetGroup>; readonly others: ResetGroup } {
    const processes = [...this.#byProcess].sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1))
    const alone = processes.slice(0, MAX_ALONE).filter(([, { length }]) => length >= ENOUGH)
    const others = processes.slice(alone.length).flatMap(([, resets]) => resets)
    return {
      alone: new Map(alone.map(([process, resets]) => [process, this.#modelled(resets)])),
      others: this.#modelled(others),
    }
  }

  #modelled(all: readonly Reset[]): ResetGroup {
    const resets = all.slice(-MAX_RESETS)
    return { resets, model: new RaceModel(resets, this.#timeoutMs) }
  }
}
