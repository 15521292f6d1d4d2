import type { Readable } from 'node:stream'
import type { LineBlock } from '../records.js'
import { framedLines } from './framed-lines.js'
import { unpacked } from './gunzip.js'
import { inputProblem } from './input-problems.js'
import { DEFAULT_MAX_LINE_BYTES } from './line-framer.js'
import type { Source } from './source.js'

const STDIN = { path: '-', partition: '-', gateway: null }

export interface StdinOptions {
  /** Of bytes, without an encoding. Destroyed when reading ends or aborts. */
  readonly input: Readable
  readonly maxLineBytes?: number
}

/**
 * Reads a stream to its end, unpacked where it is gzip. Lines come as soon as they are there. Throws `InputError`
 * where the stream fails; of gzip data that ends early, what could be unpacked comes first.
 */
export class StdinSource implements Source {
  constructor(private readonly options: StdinOptions) {}

  async *read(signal: AbortSignal): AsyncGenerator<LineBlock> {
    const { input, maxLineBytes = DEFAULT_MAX_LINE_BYTES } = this.options
    const abort = () => input.destroy()
    signal.addEventListener('abort', abort)
    try {
      if (signal.aborted) return
      for await (const { bytes, offset, end } of framedLines(unpacked(input), maxLineBytes)) {
        if (signal.aborted) return
        yield { source: STDIN, bytes, offset, last: end }
      }
    } catch (error) {
      if (!signal.aborted) throw inputProblem('-', error)
    } finally {
      signal.removeEventListener('abort', abort)
      input.destroy()
    }
  }
}
