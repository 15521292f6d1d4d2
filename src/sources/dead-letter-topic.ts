import type { HangupError } from '../errors.js'
import type { DeadLetter } from '../records.js'
import { letterOf } from './dead-letter-shape.js'
import type { KafkaConnection } from './kafka/client-options.js'
import { readTopic, type TopicReading } from './kafka/topic-reader.js'

export interface DeadLetterTopicOptions extends KafkaConnection {
  readonly topic: string
  readonly signal: AbortSignal
  readonly onProblem: (problem: HangupError) => void
  /** Told at the end of how many messages were no letters, where there are such. */
  readonly onOthers?: (count: number) => void
}

export interface OpenedLetterTopic extends Pick<TopicReading, 'progress'> {
  readonly letters: AsyncIterable<DeadLetter>
}

/**
 * The dead letters that lie in a topic, from its beginning to where it ends now; the positions of groups are not touched.
 * What is no letter is passed over and told: nobody can take it out of the topic. Reading throws `ConfigError`
 * (`topic_not_found`), and the reason of the signal where that aborts before the end.
 */
export function openDeadLetterTopic(options: DeadLetterTopicOptions): OpenedLetterTopic {
  const reading = readTopic({ ...options, from: 'beginning' })
  return { letters: lettersOf(reading, options), progress: () => reading.progress() }
}

async function* lettersOf(
  reading: TopicReading,
  { signal, onOthers }: DeadLetterTopicOptions,
): AsyncGenerator<DeadLetter> {
  let others = 0
  for await (const { messages } of reading.read(signal)) {
    for (const { value } of messages) {
      const letter = value === null ? null : letterOf(value.toString())
      if (letter === null || letter === 'other') others++
      else yield letter
    }
  }
  signal.throwIfAborted()
  if (others > 0) onOthers?.(others)
}
