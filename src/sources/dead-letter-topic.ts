import type { HangupError } from '../errors.js'
import type { DeadLetter } from '../records.js'
import { letterOf } from './dead-letter-shape.js'
import type { KafkaConnection } from './kafka/client-options.js'
import { readTopic } from './kafka/topic-reader.js'

export interface DeadLetterTopicOptions extends KafkaConnection {
  readonly topic: string
  readonly signal: AbortSignal
  readonly onProblem: (problem: HangupError) => void
  /** Told at the end of how many messages were no letters, where there are such. */
  readonly onOthers?: (count: number) => void
  /** Told of the bytes of each batch. */
  readonly onRead?: (bytes: number) => void
}

/**
 * The dead letters that lie in a topic, from its beginning to where it ends now; the positions of groups are not touched.
 * What is no letter is passed over and told: nobody can take it out of the topic. Throws `ConfigError`
 * (`topic_not_found`), and the reason of the signal where that aborts before the end.
 */
export async function* readDeadLetterTopic(options: DeadLetterTopicOptions): AsyncGenerator<DeadLetter> {
  const { signal, onRead } = options
  let others = 0
  for await (const { messages } of readTopic({ ...options, from: 'beginning' }).read(signal)) {
    onRead?.(messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0))
    for (const { value } of messages) {
      const letter = value === null ? null : letterOf(value.toString())
      if (letter === null || letter === 'other') others++
      else yield letter
    }
  }
  signal.throwIfAborted()
  if (others > 0) options.onOthers?.(others)
}
