import type { PipelineConfig } from '../config/schema.js'
import { KnownTimeouts } from '../diagnose/judge.js'
import type { Redactor } from '../redact/redactor.js'
import type { MergeFailures } from '../sinks/collapse.js'
import { topicPartitionOf } from '../sources/kafka/message-sources.js'
import { mergeFailureDocuments } from './document.js'
import { HELD_WINDOWS } from './partition.js'
import type { ProcessorOptions } from './processor.js'
import type { RunInput } from './run-input.js'

export type ProcessorInput = Pick<RunInput, 'config' | 'once' | 'backfill' | 'proxies' | 'machine'> & {
  readonly redactor: Redactor
}

/** What a pipeline's file makes of the steps; `floorTimeMs` is the checkpoint's. */
export function processorOptions(
  { config, once, backfill, proxies, machine, redactor }: ProcessorInput,
  floorTimeMs: Readonly<Record<string, number>>,
): ProcessorOptions {
  return {
    redactor,
    proxies,
    judge: judgeOf(config),
    ...config.join,
    emit: once ? 'final' : 'eager',
    ...kafkaProcessing(config),
    // A backfill gives what the group gives, to which a line may be late.
    heldWindows: once && backfill === undefined ? HELD_WINDOWS : undefined,
    gateway: config.gateway.hostFrom === 'machine' ? machine : undefined,
    closedUntilMs: new Map(Object.entries(floorTimeMs)),
  }
}

/** What the file says of targets. */
export function judgeOf({ targets }: Pick<PipelineConfig, 'targets'>): KnownTimeouts {
  return new KnownTimeouts(new Map(targets.map(({ target, idleTimeoutMs }) => [target, idleTimeoutMs] as const)))
}

/** How stores make one of two documents of a failure, where the file says something of targets. */
export function mergeOf(config: Pick<PipelineConfig, 'targets'>): MergeFailures {
  const judge = judgeOf(config)
  return (stored, incoming) => judge.judged(mergeFailureDocuments(stored, incoming))
}

/** What the way of lines through a topic asks of the steps. */
function kafkaProcessing({ source }: PipelineConfig): Partial<ProcessorOptions> {
  if (source.kind !== 'kafka') return {}
  return {
    mayRepeat: true,
    isScattered: source.partitionedBy !== 'source',
    maxRemembered: source.partitionedBy === 'none' ? MAX_REMEMBERED : 0,
    placeOf: topicPartitionOf,
  }
}

/** Failures whose lines may still come at the pace of another partition; some hundred bytes each. */
const MAX_REMEMBERED = 50_000
