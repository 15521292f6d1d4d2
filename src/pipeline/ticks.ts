import type { LineBlock } from '../records.js'
import type { Source } from '../sources/source.js'

export interface Ticks {
  /** Null: none. */
  readonly tickMs: number | null
  readonly signal: AbortSignal
}

/**
 * The blocks, and null each time a tick has passed. A block stays valid until the next is asked for. The source is
 * stopped whichever way the iteration ends.
 */
export async function* withTicks(source: Source, { tickMs, signal }: Ticks): AsyncGenerator<LineBlock | null> {
  if (tickMs === null) {
    yield* source.read(signal)
    return
  }
  const stop = new AbortController()
  const iterator = source.read(AbortSignal.any([signal, stop.signal]))[Symbol.asyncIterator]()
  const ask = (): Promise<IteratorResult<LineBlock>> => {
    const next = iterator.next()
    // Its failure is noticed when its turn comes.
    next.catch(() => {})
    return next
  }
  try {
    let next = ask()
    let lastTickMs = performance.now()
    while (true) {
      const result = await before(tickMs, next)
      if (result?.done === true) return
      if (result !== null) {
        yield result.value
        next = ask()
      }
      if (result === null || performance.now() - lastTickMs >= tickMs) {
        lastTickMs = performance.now()
        yield null
      }
    }
  } finally {
    stop.abort()
    await iterator.return?.()
  }
}

/** When each partition last gave lines. */
export class Activity {
  readonly #lastMs = new Map<string, number>()

  constructor(private readonly quietMs: number) {}

  note(partition: string, nowMs: number): void {
    this.#lastMs.set(partition, nowMs)
  }

  /** Partitions that have gone quiet since the last call; each is told once until it gives lines again. */
  quiet(nowMs: number): readonly string[] {
    const quiet = [...this.#lastMs]
      .filter(([, lastMs]) => nowMs - lastMs >= this.quietMs)
      .map(([partition]) => partition)
    for (const partition of quiet) this.#lastMs.delete(partition)
    return quiet
  }
}

/** What `promise` resolves to, or null when it takes longer. */
async function before<T>(timeoutMs: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, null)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
