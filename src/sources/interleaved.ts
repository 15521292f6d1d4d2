import type { LineBlock } from '../records.js'
import type { Source } from './source.js'

/**
 * Several sources as one: the blocks of each in their order, of all as they come. A source is asked for its next block
 * when its last one has been used, so that each is held back alone. Ends when all have ended; an error of one stops all.
 */
export function interleaved(sources: readonly Source[]): Source {
  return { read: (signal) => readAll(sources, signal) }
}

async function* readAll(sources: readonly Source[], signal: AbortSignal): AsyncGenerator<LineBlock> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  const iterators = sources.map((source) => source.read(either)[Symbol.asyncIterator]())
  const pending = new Map<AsyncIterator<LineBlock>, Promise<Turn>>()
  const ask = (iterator: AsyncIterator<LineBlock>): void => {
    const turn = iterator.next().then((result) => ({ iterator, result }))
    // Its failure is noticed when its turn comes.
    turn.catch(() => {})
    pending.set(iterator, turn)
  }
  for (const iterator of iterators) ask(iterator)
  try {
    while (pending.size > 0) {
      const { iterator, result } = await Promise.race(pending.values())
      pending.delete(iterator)
      if (result.done === true) continue
      // The one that has had its turn goes behind the others.
      yield result.value
      ask(iterator)
    }
  } finally {
    stop.abort()
    await Promise.allSettled(iterators.map((iterator) => iterator.return?.()))
  }
}

interface Turn {
  readonly iterator: AsyncIterator<LineBlock>
  readonly result: IteratorResult<LineBlock>
}
