import { ConfigError, type HangupError, InputError } from '../../errors.js'
import { describeTopic, offsetsAt, type PartitionRange } from './admin.js'
import type { KafkaConnection } from './client-options.js'
import { patiently } from './patiently.js'

/** Offsets by partition, one offset for every partition, or the first ones of a time or later. */
export type TopicPlace = ReadonlyMap<number, number> | { readonly offset: number } | { readonly timeMs: number }

export interface TopicPlanOptions extends KafkaConnection {
  readonly topic: string
  /** Partitions that a map does not name are not read. */
  readonly from: TopicPlace | 'beginning'
  /** Where to end, exclusive; partitions that a map does not name, and all if absent: at what is there at the start. */
  readonly to?: TopicPlace
  readonly onProblem: (problem: HangupError) => void
}

/** What is to be read of one partition: half-open, and empty where the two are the same. */
export interface TopicStretch {
  readonly partition: number
  /** The first offset that is there, and the one behind the last. */
  readonly begin: number
  readonly end: number
  readonly from: number
  readonly to: number
}

/**
 * Looks up where in each partition to begin and to end, as long as that takes; null at an abort. Touches nothing. Throws
 * `ConfigError` where there is no such topic, or no partition that a place names.
 */
export function planTopic(options: TopicPlanOptions, signal: AbortSignal): Promise<readonly TopicStretch[] | null> {
  return patiently({ ...options, signal }, () => lookUp(options))
}

async function lookUp(options: TopicPlanOptions): Promise<readonly TopicStretch[]> {
  const { topic, from, to, onProblem } = options
  const ranges = await describeTopic(options, topic)
  if (ranges === null) {
    throw new ConfigError(`there is no such topic: ${topic}`, {
      code: 'topic_not_found',
      hint: 'create it, or correct the name',
    })
  }
  for (const place of [from, to]) if (place instanceof Map) requirePartitions(place, topic, ranges)
  const starts = from === 'beginning' ? null : await offsetsOf(options, from, ranges)
  const ends = to === undefined ? null : await offsetsOf(options, to, ranges)
  const stretches: TopicStretch[] = []
  for (const { partition, begin, end } of ranges) {
    const start = starts === null ? begin : starts.get(partition)
    if (start === undefined) continue
    const last = Math.min(ends?.get(partition) ?? end, end)
    const first = Math.max(start, begin)
    if (start < begin && last > start) onProblem(deleted(topic, partition, start, begin))
    stretches.push({ partition, begin, end, from: first, to: Math.max(first, last) })
  }
  return stretches
}

async function offsetsOf(
  options: TopicPlanOptions,
  place: TopicPlace,
  ranges: readonly PartitionRange[],
): Promise<ReadonlyMap<number, number>> {
  if ('timeMs' in place) return offsetsAt(options, options.topic, place.timeMs)
  return 'offset' in place ? new Map(ranges.map(({ partition }) => [partition, place.offset])) : place
}

function requirePartitions(place: ReadonlyMap<number, number>, topic: string, ranges: readonly PartitionRange[]): void {
  const known = new Set(ranges.map(({ partition }) => partition))
  const unknown = [...place.keys()].find((partition) => !known.has(partition))
  if (unknown === undefined) return
  throw new ConfigError(`there is no such partition: ${topic}/${unknown}`, {
    code: 'usage',
    hint: `the topic has ${ranges.length === 1 ? 'partition 0 only' : `partitions 0 to ${ranges.length - 1}`}`,
  })
}

/** Messages of the range that retention, or somebody, has removed. */
function deleted(topic: string, partition: number, start: number, begin: number): InputError {
  return new InputError(
    `messages were deleted before they were read: ${topic}/${partition} (${begin - start}, its first offset is ${begin} now)`,
    {
      code: 'input_truncated',
      hint: "what is there is read; the topic's retention.ms and retention.bytes say how long messages are kept",
    },
  )
}
