import type { Batch } from 'kafkajs'
import type { KafkaMessage, MessageBatch } from './contract.js'

/** From where kafkajs fetched a batch; its types keep that to themselves. */
export function fetchedOffset(batch: Batch): number {
  return Number((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset)
}

/** A batch of kafkajs as ours. */
export function batchOf(batch: Batch): MessageBatch {
  return {
    partition: batch.partition,
    messages: batch.messages.map(
      ({ offset, timestamp, key, value, headers }): KafkaMessage => ({
        offset: Number(offset),
        timestampMs: Number(timestamp),
        key,
        value,
        headers: (headers ?? NO_HEADERS) as KafkaMessage['headers'],
      }),
    ),
    nextOffset: Number(batch.lastOffset()) + 1,
    highWatermark: Number(batch.highWatermark),
  }
}

const NO_HEADERS: KafkaMessage['headers'] = Object.freeze({})
