import type { LineBlock } from '../../records.js'
import type { SnapshotOptions } from '../positions.js'
import type { InputProgress, Save } from '../progress.js'
import type { BlockPart } from '../replay.js'

/** The progress in several topics as one: each block belongs to that of its topic. */
export class TopicsProgress implements InputProgress {
  readonly emitsOpen: boolean
  readonly #all: readonly InputProgress[]
  readonly #progressOf: (block: LineBlock) => InputProgress
  #current: InputProgress

  constructor(all: readonly [InputProgress, ...InputProgress[]], progressOf: (block: LineBlock) => InputProgress) {
    this.emitsOpen = all.some(({ emitsOpen }) => emitsOpen)
    this.#all = all
    this.#progressOf = progressOf
    this.#current = all[0]
  }

  begin(block: LineBlock): readonly BlockPart[] {
    this.#current = this.#progressOf(block)
    return this.#current.begin(block)
  }

  add(block: LineBlock, maxMs: number): void {
    this.#progressOf(block).add(block, maxMs)
  }

  isStored(...line: Parameters<InputProgress['isStored']>): boolean {
    return this.#current.isStored(...line)
  }

  snapshot(openSinceMs: (partition: string) => number, options?: SnapshotOptions): Save {
    const saves = this.#all.map((progress) => progress.snapshot(openSinceMs, options))
    return async () => {
      for (const save of saves) await save()
    }
  }
}
