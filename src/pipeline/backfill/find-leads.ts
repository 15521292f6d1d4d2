import { MINUTE_MS } from '../../count/traffic.js'
import type { LineHandler, TextView } from '../../line-handler.js'
import { LineParser } from '../../parse/line-parser.js'
import type { LineBlock } from '../../records.js'
import { offsetsAt } from '../../sources/kafka/admin.js'
import type { KafkaMessage, MessageBatch } from '../../sources/kafka/message.js'
import { MessageBlocks } from '../../sources/kafka/messages.js'
import type { TopicStretch } from '../../sources/kafka/topic-plan.js'
import { readTopic, type TopicReadOptions } from '../../sources/kafka/topic-reader.js'
import { Lead, type LeadBlock, type LeadOptions, type MessageTimes } from './lead.js'

export interface FindLeadsOptions
  extends Omit<TopicReadOptions, 'from' | 'to'>,
    Pick<LeadOptions, 'horizonMs' | 'latenessMs' | 'windowMs' | 'silentMs'> {
  readonly stretches: readonly TopicStretch[]
}

/**
 * Where to begin to read, for each partition of a range: before the range by as much as its documents depend on. At an
 * abort, what is known by then.
 */
export async function findLeads(options: FindLeadsOptions, signal: AbortSignal): Promise<ReadonlyMap<number, number>> {
  const { stretches, ...limits } = options
  const leads = new Map(
    stretches.map(({ partition, begin, from }) => [partition, new Lead({ ...limits, begin, from })]),
  )
  while (!signal.aborted) {
    const open = new Map([...leads].filter(([, lead]) => !lead.isWhole))
    if (open.size === 0) break
    await lookFurther(open, options, signal)
  }
  return new Map([...leads].map(([partition, { start }]) => [partition, start]))
}

/** One more piece of each partition, of all of them in one reading: it takes seconds to begin one. */
async function lookFurther(
  leads: ReadonlyMap<number, Lead>,
  options: FindLeadsOptions,
  signal: AbortSignal,
): Promise<void> {
  const wanted = await offsetsOfSilence(leads, options)
  const starts = new Map([...leads].map(([partition, lead]) => [partition, lead.next(wanted.get(partition))]))
  const ends = new Map([...leads].map(([partition, { seenFrom }]) => [partition, seenFrom]))
  const times = new BlockTimes()
  const blocks = new MessageBlocks(options)
  for await (const batch of readTopic({ ...options, from: starts, to: ends }).read(signal)) {
    const lead = leads.get(batch.partition)!
    for (const part of partsOf(batch)) {
      lead.add(
        timesOf(part.messages),
        blocks.toBlocks(part).map((block) => times.of(block)),
      )
    }
  }
  if (signal.aborted) return
  for (const [partition, lead] of leads) lead.seen(starts.get(partition)!)
}

/** The first messages within the time in which sources may be silent; nothing before the first look. */
async function offsetsOfSilence(
  leads: ReadonlyMap<number, Lead>,
  options: FindLeadsOptions,
): Promise<ReadonlyMap<number, number>> {
  const times = [...leads.values()].flatMap(({ silentSinceMs }) => silentSinceMs ?? [])
  if (times.length === 0) return new Map()
  // A little more, so that an older message is seen.
  const sinceMs = Math.max(0, Math.min(...times) - MINUTE_MS)
  // Where brokers do not answer now, it goes back in small steps.
  return offsetsAt(options, options.topic, sinceMs).catch(() => new Map())
}

/** Small ones, so that it can be told where in a batch the needed lines begin. */
function* partsOf(batch: MessageBatch): Generator<MessageBatch> {
  const { messages } = batch
  for (let at = 0; at < messages.length; at += PART_MESSAGES) {
    yield { ...batch, messages: messages.slice(at, at + PART_MESSAGES) }
  }
}

const PART_MESSAGES = 500

function timesOf(messages: readonly KafkaMessage[]): MessageTimes {
  let oldestMs = Number.POSITIVE_INFINITY
  let newestMs = Number.NEGATIVE_INFINITY
  for (const { timestampMs } of messages) {
    oldestMs = Math.min(oldestMs, timestampMs)
    newestMs = Math.max(newestMs, timestampMs)
  }
  return { oldestMs, newestMs }
}

/** Event times of blocks. */
class BlockTimes implements LineHandler {
  readonly #parser = new LineParser(this)
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = Number.NEGATIVE_INFINITY

  of(block: LineBlock & { readonly firstOffset: number }): LeadBlock {
    this.#minMs = Number.POSITIVE_INFINITY
    this.#maxMs = Number.NEGATIVE_INFINITY
    this.#parser.parse(block)
    const { partition } = block.source
    return { partition, offset: block.firstOffset, minMs: this.#minMs, maxMs: this.#maxMs }
  }

  event({ timeMs }: { readonly timeMs: number }): void {
    if (timeMs < this.#minMs) this.#minMs = timeMs
    if (timeMs > this.#maxMs) this.#maxMs = timeMs
  }

  plain(view: TextView): void {
    this.event(view)
  }

  stats(view: TextView): void {
    this.event(view)
  }

  continuation(): void {}

  rejection(): void {}
}
