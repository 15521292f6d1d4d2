import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { DeadLettersConfig } from '../config/schema.js'
import { type HangupError, systemCode } from '../errors.js'
import type { DeadLetter } from '../records.js'
import { readDeadLetters } from '../sources/dead-letter-stream.js'
import { openDeadLetterTopic } from '../sources/dead-letter-topic.js'
import { inputProblem } from '../sources/input-problems.js'
import { CLIENT_ID } from '../sources/kafka/client-options.js'
import type { Measure } from './run-input.js'

/** A file that is named, `-` for standard input, or what a pipeline says of its letters, of which there may be none yet. */
export type LetterPlace = string | DeadLettersConfig

export interface OpenLettersInput {
  readonly stdin: Readable
  readonly signal: AbortSignal
  readonly onProblem: (problem: HangupError) => void
  readonly onNotice: (notice: string) => void
}

export interface OpenedLetters {
  /** Read once. Throws `InputError`, `ConfigError` (no such topic), and the reason of the signal where that aborts. */
  readonly letters: AsyncIterable<DeadLetter>
  readonly measure: Measure
}

export function openDeadLetters(place: LetterPlace, input: OpenLettersInput): OpenedLetters {
  let readBytes = 0
  let totalBytes: number | null = null
  if (typeof place !== 'string' && place.kind === 'kafka') {
    const onOthers = (count: number): void =>
      input.onNotice(`topic ${place.topic}: ${count} of its messages are no dead letters; they were passed over`)
    const { letters, progress } = openDeadLetterTopic({ ...place, ...input, clientId: CLIENT_ID, onOthers })
    const measure: Measure = () => {
      const { readMessages: done, totalMessages: total } = progress()
      return { done, total, unit: 'messages' }
    }
    return { measure, letters }
  }
  const path = typeof place === 'string' ? place : place.path
  const mayBeAbsent = typeof place !== 'string'
  const measure: Measure = () => ({ done: readBytes, total: totalBytes, unit: 'bytes' })
  const note = (bytes: number): void => {
    readBytes += bytes
  }
  return { measure, letters: stopping(readFile(), input.signal) }

  async function* readFile(): AsyncGenerator<DeadLetter> {
    if (path === '-') {
      yield* readDeadLetters(input.stdin, 'standard input', note)
      return
    }
    const handle = await open(path).catch((error: unknown) => {
      if (mayBeAbsent && systemCode(error) === 'ENOENT') return null
      throw inputProblem(path, error)
    })
    if (handle === null) return
    totalBytes = (await handle.stat()).size
    yield* readDeadLetters(handle.createReadStream(), path, note)
  }
}

async function* stopping(letters: AsyncIterable<DeadLetter>, signal: AbortSignal): AsyncGenerator<DeadLetter> {
  for await (const letter of letters) {
    signal.throwIfAborted()
    yield letter
  }
}
