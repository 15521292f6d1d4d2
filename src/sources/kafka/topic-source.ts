import type { LineBlock } from '../../records.js'
import type { Source } from '../source.js'
import { MessageBlocks } from './messages.js'
import { readTopic, type TopicReading, type TopicReadOptions } from './topic-reader.js'

/** What lies in a topic as a source of lines, read once and to its end; the positions of groups are not touched. */
export class TopicSource implements Source {
  readonly #reading: TopicReading
  readonly #blocks: MessageBlocks

  constructor(options: TopicReadOptions, read: (options: TopicReadOptions) => TopicReading = readTopic) {
    this.#reading = read(options)
    this.#blocks = new MessageBlocks(options)
  }

  async *read(signal: AbortSignal): AsyncGenerator<LineBlock> {
    for await (const batch of this.#reading.read(signal)) yield* this.#blocks.toBlocks(batch)
  }
}
