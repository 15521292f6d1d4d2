import type { Readable } from 'node:stream'
import split2 from 'split2'
import { InputError } from '../errors.js'
import type { RejectedEntry } from '../records.js'

/**
 * The rejected entries of an NDJSON stream: a dead letter file, or what `parse` prints, whose other entries are passed
 * over. Throws `InputError` (`input_unreadable`) at a line that is no JSON object.
 */
export async function* readDeadLetters(stream: Readable, name: string): AsyncGenerator<RejectedEntry> {
  let line = 0
  for await (const text of stream.pipe(split2())) {
    line++
    const entry = parseObject(text)
    if (entry === null) {
      throw new InputError(`not a file of dead letters: ${name} (line ${line})`, {
        code: 'input_unreadable',
        hint: 'give the file that run named, or pipe what hangup parse prints',
      })
    }
    if (isRejected(entry)) yield entry
  }
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}

function isRejected(entry: object): entry is RejectedEntry {
  return 'kind' in entry && entry.kind === 'rejected' && 'reason' in entry && 'text' in entry && 'position' in entry
}
