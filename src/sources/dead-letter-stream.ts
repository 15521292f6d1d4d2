import type { Readable } from 'node:stream'
import split2 from 'split2'
import { InputError } from '../errors.js'
import type { DeadLetter } from '../records.js'

/**
 * The dead letters of an NDJSON stream: a dead letter file, or what `parse` prints, whose other entries are passed
 * over. Throws `InputError` (`input_unreadable`) at a line that is no JSON object.
 */
export async function* readDeadLetters(stream: Readable, name: string): AsyncGenerator<DeadLetter> {
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
    if (isDeadLetter(entry)) yield entry
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

function isDeadLetter(entry: object): entry is DeadLetter {
  if (!('kind' in entry && 'reason' in entry && 'position' in entry)) return false
  return entry.kind === 'rejected' ? 'text' in entry : entry.kind === 'refused' && 'document' in entry
}
