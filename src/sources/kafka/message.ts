/** One message as it lies in the topic. Offsets are numbers (below 2^53). */
export interface KafkaMessage {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** By name; of a repeated one all values. */
  readonly headers: Readonly<Record<string, HeaderValue | undefined>>
}

/** A header may lack its value. */
export type HeaderValue = Buffer | null | readonly (Buffer | null)[]

/** Messages of one partition in order. `nextOffset` lies behind the last one (and what is no message: transaction markers, gaps of compaction). */
export interface MessageBatch {
  readonly partition: number
  readonly messages: readonly KafkaMessage[]
  readonly nextOffset: number
  readonly highWatermark: number
}
