import { PermanentError, TransientError } from '../../errors.js'
import type { Position } from './contract.js'
import { kafkaFault, protocolType } from './faults.js'
import type { GroupSession } from './group-session.js'
import type { Tenure } from './tenures.js'
import { pause } from './waiting.js'

/** A position, and the tenure that it was reached in; none where the partition was not ours. */
export type TenuredPosition = Position & { readonly tenure: Tenure | undefined }

export interface CommitterOptions {
  /** In whose name to commit now; null: not known at present; `undefined`: the partition is not ours any more. */
  readonly sessionOf: (tenure: Tenure) => GroupSession | null | undefined
  readonly isOver: () => boolean
  /** Resolves at the next change of what `sessionOf` says. */
  readonly changed: () => Promise<void>
  readonly onProblem: (problem: TransientError) => void
  /** How messages begin. */
  readonly what: string
}

/**
 * Commits one after the other, each for partitions that are ours at the very moment of the request, in the name of
 * that generation: kafkajs's own commit would be repeated in the name of a later one, in which the partition may be
 * another's. What is refused because the group is being shared out waits for the outcome.
 */
export class Committer {
  readonly #options: CommitterOptions
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Resolves to the partitions for which nothing was committed, because they are not ours any more. */
  commit(positions: readonly TenuredPosition[]): Promise<readonly number[]> {
    const work = this.#last.then(() => this.#commit(positions))
    this.#last = work.catch(() => {})
    return work
  }

  async #commit(positions: readonly TenuredPosition[]): Promise<readonly number[]> {
    const lost: number[] = []
    let left = positions
    for (let attempt = 0; ; ) {
      const asked = left.map((each) => ({
        ...each,
        session: each.tenure === undefined ? undefined : this.#options.sessionOf(each.tenure),
      }))
      lost.push(...asked.filter(({ session }) => session === undefined).map(({ partition }) => partition))
      left = asked.filter(({ session }) => session !== undefined)
      if (left.length === 0) return lost
      const session = asked.find((each) => each.session !== undefined)!.session
      if (session === null || session === undefined) {
        await this.#options.changed()
        continue
      }
      const outcome = await this.#send(session, left)
      if (outcome === 'done') return lost
      if (outcome === 'refused') await Promise.race([this.#options.changed(), pause(REFUSED_PAUSE_MS)])
      else await Promise.race([this.#options.changed(), pause(Math.min(200 * 2 ** attempt++, LONGEST_PAUSE_MS))])
      if (this.#options.isOver()) return [...lost, ...left.map(({ partition }) => partition)]
    }
  }

  async #send(session: GroupSession, positions: readonly TenuredPosition[]): Promise<'done' | 'refused' | 'failed'> {
    const before = positions.map(({ tenure }) => tenure!.known)
    const attempts = positions.map(({ offset, metadata }) => ({ offset, metadata }))
    // Until it is answered, the group may have either.
    for (const [index, { tenure }] of positions.entries()) tenure!.known = [...before[index], attempts[index]]
    try {
      await session.commit(positions)
      for (const [index, { tenure }] of positions.entries()) tenure!.known = [attempts[index]]
      return 'done'
    } catch (error) {
      if (REFUSALS.has(protocolType(error) ?? '')) {
        for (const [index, { tenure }] of positions.entries()) tenure!.known = before[index]
        return 'refused'
      }
      const fault = kafkaFault(error, { what: this.#options.what })
      if (fault instanceof PermanentError || !(fault instanceof TransientError)) throw fault
      this.#options.onProblem(fault)
      return 'failed'
    }
  }
}

/** The group is being shared out, or we are no longer in it: nothing was committed. */
const REFUSALS = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'])

const REFUSED_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 5_000
