import type { PipelineConfig } from '../config/schema.js'
import type { LineBlock } from '../records.js'
import { interleaved } from '../sources/interleaved.js'
import { ensureTopic } from '../sources/kafka/admin.js'
import { CLIENT_ID } from '../sources/kafka/client-options.js'
import { isOfGroup } from '../sources/kafka/group-block.js'
import { KafkaSource, type KafkaSourceOptions } from '../sources/kafka/kafka-source.js'
import type { Source } from '../sources/source.js'
import type { Input, InputOptions } from './input.js'
import { KafkaProgress } from './kafka-progress.js'
import { REPLAY_HORIZON_MS } from './partition.js'
import { TopicsProgress } from './repartition/topics-progress.js'
import type { Measure } from './run-input.js'

type KafkaConfig = PipelineConfig['source'] & { readonly kind: 'kafka' }

/** The topic of a pipeline as a member of its group; with a repartition topic, also as one of that topic's group. */
export function openGroups(source: KafkaConfig, options: InputOptions): Input {
  const first = openGroup(source, options)
  const { repartitionTopic } = options
  if (repartitionTopic === null) return { ...first, ...UNMEASURED }
  const second = openGroup(
    // Whatever the group finds in its own topic is work that nobody has done yet.
    { ...source, topic: repartitionTopic, group: `${source.group}-halves`, start: 'beginning' },
    options,
  )
  const both = interleaved([first.source, second.source])
  return {
    ...UNMEASURED,
    source: whenThere(both, source, options, repartitionTopic),
    progress: new TopicsProgress([first.progress, second.progress], (block) =>
      topicOf(block) === repartitionTopic ? second.progress : first.progress,
    ),
    lag: () => [...first.lag(), ...second.lag()],
    close: async () => void (await Promise.all([first.close(), second.close()])),
  }
}

export const UNKNOWN_LENGTH: Measure = () => ({ done: 0, total: null, unit: 'bytes' })

const UNMEASURED = { measure: UNKNOWN_LENGTH, keepsPositions: true, closedUntilMs: {} }

const topicOf = (block: LineBlock): string | null => (isOfGroup(block) ? block.topic : null)

/** Reads once the repartition topic is there, with as many partitions as the topic itself has. */
function whenThere(
  source: Source,
  { brokers, security, topic }: KafkaConfig,
  { onProblem }: InputOptions,
  made: string,
): Source {
  return {
    async *read(signal) {
      const connection = { brokers, security, clientId: CLIENT_ID }
      if (await ensureTopic(connection, { topic: made, like: topic, onProblem, signal })) yield* source.read(signal)
    },
  }
}

function openGroup(source: KafkaConfig, { onProblem, onGone, signal }: InputOptions) {
  const { topic } = source
  const onAssigned: KafkaSourceOptions['onAssigned'] = (change) => {
    progress.assigned(change)
    const gone = new Set([...change.lost, ...change.gained.map(({ partition }) => partition)])
    const names = [...gone].map((partition) => `${topic}/${partition}`)
    if (gone.size > 0) onGone((name) => names.some((each) => name === each || name.startsWith(`${each}/`)))
  }
  const group = new KafkaSource({
    ...source,
    groupId: source.group,
    clientId: CLIENT_ID,
    onAssigned,
    onProblem,
  })
  // A last commit waits for brokers that are away; a stop does not wait for them for ever.
  const leaveLate = (): void => void setTimeout(() => void group.close(), LEAVE_AFTER_MS).unref()
  if (signal.aborted) leaveLate()
  else signal.addEventListener('abort', leaveLate, { once: true })
  const progress = new KafkaProgress({
    source: group,
    topic,
    horizonMs: REPLAY_HORIZON_MS,
    silentMs: SILENT_MS,
    monotonicMs: () => performance.now(),
  })
  return { source: group, progress, lag: () => progress.lag(), close: () => group.close() }
}

/** After a stop; longer than sinks are given to store what they have, and well within what service managers allow. */
const LEAVE_AFTER_MS = 15_000

/** As long as evidence reaches back: what a source left open is stored as it stands by then. */
const SILENT_MS = REPLAY_HORIZON_MS
