import type { PipelineConfig } from '../config/schema.js'
import { ConfigError, type HangupError } from '../errors.js'
import type { PairCounts } from '../join/joiner.js'
import { REDACT_ALL, Redactor } from '../redact/redactor.js'
import { describeTopic } from '../sources/kafka/admin.js'
import { CLIENT_ID } from '../sources/kafka/client-options.js'
import { topicPartitionOf } from '../sources/kafka/message-sources.js'
import { TopicSource } from '../sources/kafka/topic-source.js'
import { travelApart } from './key-doctor.js'
import { Processor } from './processor.js'

type KafkaConfig = PipelineConfig['source'] & { readonly kind: 'kafka' }

/** What a sample of a topic says of its keys. */
export interface KeySample {
  readonly messages: number
  readonly pairs: Readonly<PairCounts>
  /** Log files that messages name, and those of them whose lines are on more than one partition. */
  readonly files: number
  readonly scatteredFiles: number
}

/** Messages of a sample, over all partitions. */
const SAMPLE_MESSAGES = 200_000
/** A message may hold many: so many are enough. */
const SAMPLE_LINES = 1_000_000
const LONGEST_MS = 20_000

/** Reads the newest messages of a topic, touches no group, and looks by which partitions the halves of requests travel. */
export async function sampleKeys(
  { brokers, security, topic, join }: KafkaConfig & Pick<PipelineConfig, 'join'>,
  onProblem: (problem: HangupError) => void,
): Promise<KeySample> {
  const connection = { brokers, security, clientId: CLIENT_ID }
  const ranges = (await describeTopic(connection, topic)) ?? []
  const each = Math.ceil(SAMPLE_MESSAGES / Math.max(1, ranges.length))
  const from = new Map(ranges.map(({ partition, begin, end }) => [partition, Math.max(begin, end - each)]))
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]))
  const source = new TopicSource({ ...connection, topic, from, to, onProblem })
  const processor = new Processor({
    ...join,
    redactor: new Redactor(REDACT_ALL, new Uint8Array(0)),
    emit: 'eager',
    halvesOnly: true,
    maxRemembered: SAMPLE_MESSAGES,
    placeOf: topicPartitionOf,
  })
  const places = new Map<string, Set<string>>()
  for await (const block of source.read(AbortSignal.timeout(LONGEST_MS))) {
    const { path, partition, gateway } = block.source
    const place = topicPartitionOf(partition)
    if (path !== place) {
      const file = `${gateway}\n${path}`
      places.set(file, (places.get(file) ?? new Set()).add(place))
    }
    processor.process(block)
    processor.take()
    if (processor.ledger.lines >= SAMPLE_LINES) break
  }
  processor.finish()
  return {
    messages: source.progress().done,
    pairs: processor.pairs,
    files: places.size,
    scatteredFiles: [...places.values()].filter(({ size }) => size > 1).length,
  }
}

/** What is wrong between a sample and how the pipeline says that the topic is keyed; null where nothing is. */
export function faultOfKeys(
  { pairs, files, scatteredFiles }: KeySample,
  { topic, partitionedBy }: Pick<KafkaConfig, 'topic' | 'partitionedBy'>,
): HangupError | null {
  if (partitionedBy === 'none') return null
  const { together, apart } = pairs
  if (apart > 0 && apart >= (together + apart) * LEAST_SHARE) return travelApart(topic, pairs)
  if (partitionedBy === 'correlationId' || scatteredFiles <= files * LEAST_SHARE) return null
  return new ConfigError(`lines of ${scatteredFiles} of ${files} files are on several partitions: topic ${topic}`, {
    code: 'config',
    hint: 'the halves of requests travel together: set source.kafka.partitionedBy: correlationId',
  })
}

const LEAST_SHARE = 0.01
