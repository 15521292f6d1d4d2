import type { Writable } from 'node:stream'
import { PermanentError } from '../errors.js'
import type { IndexDocument } from '../records.js'
import type { Sink } from './sink.js'

export interface StdoutSinkOptions {
  /** Write traffic documents too; without it failures alone. */
  readonly traffic?: boolean
}

/**
 * NDJSON, one document on each line, in the order in which they come. There is no store behind it that could merge: a
 * failure that is written twice, or half by half, is on two lines. `write` resolves once the output has taken all of
 * it, so a slow reader slows the source. The output stays open: it is the caller's.
 */
export class StdoutSink implements Sink {
  readonly name = 'stdout'
  readonly #traffic: boolean
  #failure: Error | null = null

  constructor(
    private readonly output: Writable,
    { traffic = false }: StdoutSinkOptions = {},
  ) {
    this.#traffic = traffic
    output.on('error', this.#remember)
  }

  /** Throws `PermanentError`: `output_failed` when the reader has gone, `disk_full`. */
  async write(documents: readonly IndexDocument[]): Promise<void> {
    let text = ''
    for (const { kind, document } of documents) {
      if (kind === 'traffic' && !this.#traffic) continue
      text += `${JSON.stringify(document)}\n`
      if (text.length < CHUNK_LENGTH) continue
      await this.#put(text)
      text = ''
    }
    if (text !== '') await this.#put(text)
  }

  async close(): Promise<void> {
    this.output.off('error', this.#remember)
  }

  // Also keeps an error of the stream, which the callback reports as well, from ending the process.
  readonly #remember = (error: Error): void => {
    this.#failure ??= error
  }

  #put(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.output.write(text, (error) => {
        if (error) reject(outputError(this.#failure ?? error))
        else resolve()
      })
    })
  }
}

// Long enough that calls cost nothing, short enough that a slow reader is felt at once.
const CHUNK_LENGTH = 64 * 1024

function outputError(error: NodeJS.ErrnoException): PermanentError {
  switch (error.code) {
    case 'EPIPE':
      return new PermanentError('the reader of the output has gone: standard output', {
        code: 'output_failed',
        hint: 'let the next program in the pipe read to the end, or write to a file',
        cause: error,
      })
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new PermanentError('the disk is full: standard output', {
        code: 'disk_full',
        hint: 'free some space and run again',
        cause: error,
      })
    default:
      return new PermanentError(`cannot write (${error.message}): standard output`, {
        code: 'output_failed',
        hint: 'check where the output goes',
        cause: error,
      })
  }
}
