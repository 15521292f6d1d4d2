import { LineFramer, type WholeLines } from './line-framer.js'

/**
 * Blocks of whole lines from a stream of chunks: each chunk's lines at once, its unfinished line with the next. Where
 * the chunks end in an error, what is there is delivered as the end, then the error is thrown.
 */
export async function* framedLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<WholeLines> {
  const framer = new LineFramer(maxLineBytes)
  try {
    for await (const chunk of chunks) {
      yield* framer.push(chunk)
      const lines = framer.flush()
      if (lines !== null) yield lines
    }
  } catch (error) {
    yield framer.end()
    throw error
  }
  yield framer.end()
}
