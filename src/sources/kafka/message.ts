/** One message as it lies in the topic. Offsets are numbers (below 2^53). */
export interface KafkaMessage {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | undefined>>
}

/** Messages of one partition in order. `nextOffset` lies behind the last one (and what is no message: transaction markers, gaps of compaction). */
export interface MessageBatch {
  readonly partition: number
  readonly messages: readonly KafkaMessage[]
  readonly nextOffset: number
  readonly highWatermark: number
}
