import type { PipelineConfig } from '../../config/schema.js'
import { TopicSource } from '../../sources/kafka/topic-source.js'
import type { RunInput } from '../run-input.js'
import { findLeads } from './find-leads.js'
import { BACKFILL_CLIENT_ID, type Backfill } from './plan.js'
import { TopicProgress } from './topic-progress.js'

export interface OpenBackfillOptions extends Pick<RunInput, 'onProblem' | 'signal'> {
  readonly source: PipelineConfig['source'] & { kind: 'kafka' }
  readonly join: PipelineConfig['join']
  readonly backfill: Backfill
  /** How far evidence reaches back, in event time; sources that are silent for as long are not waited for. */
  readonly horizonMs: number
}

export interface OpenedBackfill {
  readonly source: TopicSource
  readonly progress: TopicProgress
}

/**
 * Opens a range of a topic, in the offsets that were looked up before. Reading begins before the range, for the state
 * alone, so that what is stored of the range is what a group stores that has read on from further back.
 */
export async function openBackfill(options: OpenBackfillOptions): Promise<OpenedBackfill> {
  const { source, join, backfill, horizonMs, onProblem, signal } = options
  const { brokers, security, topic } = source
  const { stretches, onStored } = backfill
  const reading = {
    brokers,
    security,
    topic,
    clientId: BACKFILL_CLIENT_ID,
    onProblem,
  }
  const limits = { ...join, horizonMs, silentMs: horizonMs }
  const opened = new TopicSource({
    ...reading,
    from: await findLeads({ ...reading, ...limits, stretches }, signal),
    to: new Map(stretches.map(({ partition, to }) => [partition, to])),
    replayUntil: new Map(stretches.map(({ partition, from }) => [partition, from])),
  })
  return { source: opened, progress: new TopicProgress({ topic, source: opened, onStored }) }
}
