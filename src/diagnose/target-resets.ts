import type { SeenReset } from './day-resets.js'
import { estimateOf, type IdleTimeoutEstimate } from './idle-timeout.js'
import { RaceModel } from './race-model.js'
import type { Reset } from './reset.js'

/** So many resets of one gateway process tell of it alone. */
const ENOUGH = 20
/** Processes that are judged by themselves: those with most resets. */
const MAX_ALONE = 16

/** Resets that are judged together. */
export interface ResetGroup {
  readonly resets: readonly Reset[]
  readonly model: RaceModel
}

/** Resets of one target, by the gateway process that saw them; their order says nothing. */
export class TargetResets {
  readonly #alone: ReadonlyMap<string, ResetGroup>
  readonly #others: ResetGroup

  /** `timeoutMs`: the target's idle timeout where it is known. */
  constructor(seen: readonly SeenReset[], timeoutMs: number | null) {
    const processes = [...byProcess(seen)].sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1))
    const alone = processes.slice(0, MAX_ALONE).filter(([, { length }]) => length >= ENOUGH)
    const others = processes.slice(alone.length).flatMap(([, resets]) => resets)
    const modelled = (resets: readonly Reset[]): ResetGroup => ({ resets, model: new RaceModel(resets, timeoutMs) })
    this.#alone = new Map(alone.map(([process, resets]) => [process, modelled(resets)]))
    this.#others = modelled(others)
  }

  /** Those that the resets of a process are judged with. */
  groupOf(process: string): ResetGroup {
    return this.#alone.get(process) ?? this.#others
  }

  /** How many of some resets are likely races. */
  racesAmong(seen: readonly SeenReset[]): number {
    return seen.filter(({ process, reset }) => this.groupOf(process).model.raceProbability(reset) > 0.5).length
  }

  /** As the group with most likely races tells it, of those that suffice; with the races of all. */
  estimate(): IdleTimeoutEstimate {
    const estimates = [...this.#alone.values(), this.#others].map(({ model, resets }) => estimateOf(model, resets))
    const races = estimates.reduce((sum, each) => sum + each.races, 0)
    const rank = (each: IdleTimeoutEstimate): number => (each.state === 'estimated' ? each.races : -1)
    const best = estimates.reduce((one, other) => (rank(other) > rank(one) ? other : one))
    return { ...best, races }
  }
}

function byProcess(seen: readonly SeenReset[]): ReadonlyMap<string, readonly Reset[]> {
  const byName = new Map<string, Reset[]>()
  for (const { process, reset } of seen) {
    const known = byName.get(process)
    if (known === undefined) byName.set(process, [reset])
    else known.push(reset)
  }
  return byName
}
