import type { LineBlock } from '../../records.js'
import type { Processor } from '../processor.js'
import type { Steps } from '../steps.js'

export interface TwoStagesOptions {
  /** Takes the lines of the topic: counts, and gives the lines of failures away. */
  readonly counting: Processor
  /** Takes the lines of failures as they come back, keyed by correlation id: joins. */
  readonly joining: Processor
  readonly isJoining: (partition: string) => boolean
}

/**
 * The steps where halves meet in a topic of their own. Each partition belongs to one stage. What is told of the lines is
 * what the first stage has seen: the others are some of them for the second time.
 */
export class TwoStages implements Steps {
  readonly #counting: Processor
  readonly #joining: Processor
  readonly #isJoining: (partition: string) => boolean

  constructor({ counting, joining, isJoining }: TwoStagesOptions) {
    this.#counting = counting
    this.#joining = joining
    this.#isJoining = isJoining
  }

  get ledger(): Steps['ledger'] {
    return this.#counting.ledger
  }

  get losses(): Steps['losses'] {
    return {
      evicted: this.#counting.losses.evicted + this.#joining.losses.evicted,
      late: this.#counting.losses.late,
    }
  }

  get pairs(): Steps['pairs'] {
    return this.#joining.pairs
  }

  get range(): Steps['range'] {
    return this.#counting.range
  }

  requests(): ReturnType<Steps['requests']> {
    return this.#counting.requests()
  }

  idleTimes(): ReturnType<Steps['idleTimes']> {
    return this.#counting.idleTimes()
  }

  process(block: LineBlock, options?: Parameters<Steps['process']>[1]): number {
    return this.#of(block.source.partition).process(block, options)
  }

  advance(): void {
    for (const stage of this.#stages) stage.advance()
  }

  flush(partition: string): boolean {
    return this.#of(partition).flush(partition)
  }

  emitChanged(): void {
    for (const stage of this.#stages) stage.emitChanged()
  }

  forget(isGone: (partition: string) => boolean): void {
    for (const stage of this.#stages) stage.forget(isGone)
  }

  finish(): void {
    for (const stage of this.#stages) stage.finish()
  }

  take(): ReturnType<Steps['take']> {
    return this.#stages.flatMap((stage) => stage.take())
  }

  openSinceMs(): ReturnType<Steps['openSinceMs']> {
    const [counting, joining] = this.#stages.map((stage) => stage.openSinceMs())
    return (partition) => (this.#isJoining(partition) ? joining(partition) : counting(partition))
  }

  get #stages(): readonly Processor[] {
    return [this.#counting, this.#joining]
  }

  #of(partition: string): Processor {
    return this.#isJoining(partition) ? this.#joining : this.#counting
  }
}
