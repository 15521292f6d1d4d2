import type { Readable } from 'node:stream'
import split2 from 'split2'
import { InputError } from '../errors.js'
import type { DeadLetter } from '../records.js'
import { letterOf } from './dead-letter-shape.js'
import { inputProblem } from './input-problems.js'

/** More than any letter has; a longer line is none. */
const MAX_LINE_CHARACTERS = 32 << 20

/**
 * The dead letters of an NDJSON stream: a dead letter file, or what `parse` prints, whose other entries are passed
 * over. `onRead` is told of the bytes of each chunk. Throws `InputError`: `input_unreadable` at a line that is no JSON
 * object.
 */
export async function* readDeadLetters(
  stream: Readable,
  name: string,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<DeadLetter> {
  const lines = stream.pipe(split2({ maxLength: MAX_LINE_CHARACTERS }))
  stream.on('data', (chunk: Buffer) => onRead(chunk.length))
  stream.on('error', (error) => lines.destroy(inputProblem(name, error)))
  let line = 0
  try {
    for await (const text of lines) {
      line++
      const letter = letterOf(text)
      if (letter === null) throw noLetters(name, line)
      if (letter !== 'other') yield letter
    }
  } catch (error) {
    throw error instanceof Error && error.message === 'maximum buffer reached' ? noLetters(name, line + 1) : error
  } finally {
    stream.destroy()
  }
}

function noLetters(name: string, line: number): InputError {
  return new InputError(`not a file of dead letters: ${name} (line ${line})`, {
    code: 'input_unreadable',
    hint: 'give the file that run named, or pipe what hangup parse prints',
  })
}
