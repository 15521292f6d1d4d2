import type { LineBlock } from '../../records.js'
import type { KafkaBlock } from './block-builder.js'
import type { MessageBatch } from './message.js'
import type { MessageBlocks } from './messages.js'

/** Lines of one source out of one batch, and where in the topic they lay. */
export interface GroupBlock extends KafkaBlock {
  readonly topic: string
  readonly kafkaPartition: number
  /** These lines are stored already: they are read again for the state alone. */
  readonly isReplay: boolean
}

export function isOfGroup(block: LineBlock): block is GroupBlock {
  return 'kafkaPartition' in block
}

export interface BatchPlace {
  readonly topic: string
  /** What lies before this offset is a replay. */
  readonly replayUntil: number
}

/** The lines of a batch, what is replayed apart from what is new. */
export function* blocksOfBatch(
  batch: MessageBatch,
  blocks: Pick<MessageBlocks, 'toBlocks'>,
  { topic, replayUntil }: BatchPlace,
): Iterable<GroupBlock> {
  const { partition: kafkaPartition, messages } = batch
  const firstNew = messages.findIndex(({ offset }) => offset >= replayUntil)
  const cut = firstNew < 0 ? messages.length : firstNew
  for (const [part, isReplay] of [
    [messages.slice(0, cut), true],
    [messages.slice(cut), false],
  ] as const) {
    if (part.length === 0) continue
    for (const block of blocks.toBlocks({ ...batch, messages: part }))
      yield { ...block, topic, kafkaPartition, isReplay }
  }
}
