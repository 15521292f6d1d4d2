import type { InputError } from '../../../src/errors.js'
import type { FileCheckpoint } from '../../../src/sources/tail/file-checkpoint.js'
import { type TailOptions, TailSource } from '../../../src/sources/tail/tail-source.js'
import type { TailedBlock, TailedSource } from '../../../src/sources/tail/tailed-source.js'

export const FAST = { scanIntervalMs: 20, pollIntervalMs: 10, rotateWaitMs: 40 }

/** Follows in the background and keeps what comes. */
export class Follower {
  readonly problems: InputError[] = []
  readonly sources = new Set<TailedSource>()
  readonly ended: string[] = []
  text = ''
  readonly #controller = new AbortController()
  readonly #finished: Promise<void>
  #failure: unknown = null
  #check: () => void = () => {}

  constructor(paths: readonly string[], options: Partial<TailOptions> = {}) {
    const onProblem = (problem: InputError) => {
      this.problems.push(problem)
      this.#check()
    }
    this.#finished = this.#follow(new TailSource({ paths, onProblem, ...FAST, ...options }))
  }

  /** Resolves once the condition holds; it is looked at after each block and problem. */
  async until(condition: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#check = () => {
        if (this.#failure !== null) reject(this.#failure)
        if (condition()) resolve()
      }
      this.#check()
    })
  }

  untilText(text: string): Promise<void> {
    return this.until(() => this.text.includes(text))
  }

  /** A checkpoint of the only source, as a pipeline would save it. */
  checkpoint(position: Pick<FileCheckpoint, 'floor' | 'storedThrough'>): FileCheckpoint {
    const [source] = this.sources
    const { identity, path: known, partition, trail } = source
    return { identity, path: known, partition, trail, ...position }
  }

  async stop(): Promise<void> {
    this.#controller.abort()
    await this.#finished
  }

  async #follow(source: TailSource): Promise<void> {
    try {
      for await (const block of source.read(this.#controller.signal)) this.#take(block)
    } catch (error) {
      this.#failure = error
      this.#check()
    }
  }

  #take({ source, bytes, last }: TailedBlock): void {
    this.text += Buffer.from(bytes).toString()
    this.sources.add(source)
    if (last) this.ended.push(source.path)
    this.#check()
  }
}
