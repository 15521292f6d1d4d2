import type { PipelineConfig } from '../../config/schema.js'
import { ConfigError, type HangupError } from '../../errors.js'
import { CLIENT_ID } from '../../sources/kafka/client-options.js'
import { planTopic, type TopicPlace, type TopicStretch } from '../../sources/kafka/topic-plan.js'
import type { StretchPosition } from '../../sources/kafka/topic-reader.js'

/** As brokers and their quotas know a backfill, so that it can have limits of its own. */
export const BACKFILL_CLIENT_ID = `${CLIENT_ID}-backfill`

/** From where to where in a topic: half-open. */
export interface TopicRange {
  readonly from: TopicPlace | 'beginning'
  /** Absent: to what is there when it begins. */
  readonly to?: TopicPlace
}

/** A range of a topic that is to be read, and who is told how far that is. */
export interface Backfill {
  /** Those that hold something. */
  readonly stretches: readonly TopicStretch[]
  /** Told what is still to be done, each time that all before it is stored; the last time at the end or a stop. */
  readonly onStored: (rest: readonly StretchPosition[]) => void
}

export interface PlanOptions {
  readonly config: PipelineConfig
  readonly range: TopicRange
  readonly onProblem: (problem: HangupError) => void
  readonly signal: AbortSignal
}

/**
 * What a range means in each partition of the pipeline's topic now, also where it holds nothing. Touches nothing. Throws
 * `ConfigError` for a source that is no topic and a topic or partition that is not there, and the reason of an abort.
 */
export async function planBackfill({
  config,
  range,
  onProblem,
  signal,
}: PlanOptions): Promise<readonly TopicStretch[]> {
  const { source } = config
  if (source.kind !== 'kafka') {
    throw new ConfigError(`--from and --to are for topics of Kafka: the source of ${config.name} is ${source.kind}`, {
      code: 'usage',
      hint: 'for files: hangup run PIPELINE --once reads them from their beginning; name those of the range with --set',
    })
  }
  const { brokers, security, topic } = source
  const stretches = await planTopic(
    { brokers, security, topic, clientId: BACKFILL_CLIENT_ID, onProblem, ...range },
    signal,
  )
  signal.throwIfAborted()
  return stretches ?? []
}
