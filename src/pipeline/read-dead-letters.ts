import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { DeadLetter } from '../records.js'
import { readDeadLetters } from '../sources/dead-letter-stream.js'
import { inputProblem } from '../sources/input-problems.js'

/** The dead letters of a file, or of standard input for `-`. Throws `InputError`. */
export async function* openDeadLetters(file: string, stdin: Readable): AsyncGenerator<DeadLetter> {
  if (file === '-') {
    yield* readDeadLetters(stdin, 'standard input')
    return
  }
  const handle = await open(file).catch((error: unknown) => {
    throw inputProblem(file, error)
  })
  yield* readDeadLetters(handle.createReadStream(), file)
}
