import type { Writable } from 'node:stream'
import { PermanentError, systemCode } from '../../errors.js'

/**
 * Writes to stdout and waits while its reader is slow, so that output is never piled up in memory. Throws
 * `PermanentError` (`output_failed`, `disk_full`) when nobody reads any more or the disk is full: stop, the command line
 * shell then ends quietly or says why.
 */
export async function writeOutput(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  if (stream.destroyed || stream.errored) throw outputError(stream.errored)
  if (stream.write(chunk)) return
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      stream.off('drain', onDrain).off('close', onClose).off('error', settle)
      if (error) reject(outputError(error))
      else resolve()
    }
    const onDrain = (): void => settle()
    const onClose = (): void => settle(stream.errored ?? new Error('closed'))
    stream.on('drain', onDrain).on('close', onClose).on('error', settle)
  })
}

/**
 * Writes bytes whose memory the caller will use again, and resolves once they have left the process. For much output:
 * fresh memory for each chunk costs more than the write itself. Throws as `writeOutput`.
 */
export async function writeReused(stream: Writable, chunk: Uint8Array): Promise<void> {
  if (stream.destroyed || stream.errored) throw outputError(stream.errored)
  if (chunk.length === 0) return
  await new Promise<void>((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(outputError(error)) : resolve()))
  })
}

/**
 * Resolves once all that was written has left the process, or can no longer leave it; the stream's `error` event, if
 * there is one, has come by then.
 */
export async function flushOutput(stream: Writable): Promise<void> {
  if (!stream.destroyed && !stream.errored) await new Promise<void>((resolve) => stream.write('', () => resolve()))
  await new Promise((resolve) => setImmediate(resolve))
}

/** The error that tells why stdout could not be written. */
export function outputError(cause: unknown): PermanentError {
  const code = systemCode(cause)
  if (code === 'ENOSPC') {
    const hint = 'make room on the disk, or send the output elsewhere, and run the command again'
    return new PermanentError('disk full: standard output', { code: 'disk_full', hint, cause })
  }
  const reason = code === 'EPIPE' ? 'its reader has gone' : (code ?? 'the stream is closed')
  return new PermanentError(`cannot write: standard output (${reason})`, {
    code: 'output_failed',
    hint: 'check where the output goes',
    cause,
  })
}
