import type { PipelineConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import type { EventView } from '../event-view.js'
import type { JoinerOptions } from '../join/joiner.js'
import type { TextView } from '../line-handler.js'
import type { RejectionReason } from '../records.js'
import type { Redactor } from '../redact/redactor.js'
import { topicPartitionOf } from '../sources/kafka/message-sources.js'
import { HELD_WINDOWS, type PartitionOptions } from './partition.js'
import type { RunInput } from './run-input.js'

export interface ProcessorOptions extends JoinerOptions, PartitionOptions {
  readonly redactor: Redactor
  readonly proxies?: readonly ConfiguredProxy[]
  /** Looks at warn and error lines only: fastest; no traffic, no inferred targets, no ledger but `lines`. */
  readonly halvesOnly?: boolean
  /** Takes the lines of failures that have a correlation id; they are joined elsewhere then. */
  readonly onFailureLine?: (view: EventView) => void
  /** Documents that a store can merge; true where not said. */
  readonly withHalves?: boolean
  /** The gateway's host name, where it is not to be taken from the file's name. */
  readonly gateway?: string
  /** Open windows of traffic to hold before the watermark may close them: 0 for a stream. */
  readonly heldWindows?: number
  readonly onRejection?: (reason: RejectionReason, view: TextView) => void
  /** Told of each half in lines that are replayed: the id of its failure. */
  readonly onReplayedHalf?: (id: string) => void
}

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
    ...config.join,
    emit: once ? 'final' : 'eager',
    ...kafkaProcessing(config),
    // A backfill gives what the group gives, to which a line may be late.
    heldWindows: once && backfill === undefined ? HELD_WINDOWS : undefined,
    gateway: config.gateway.hostFrom === 'machine' ? machine : undefined,
    closedUntilMs: new Map(Object.entries(floorTimeMs)),
  }
}

/** Idle timeouts of targets that the file tells, in milliseconds. */
export function timeoutsOf({ targets }: Pick<PipelineConfig, 'targets'>): ReadonlyMap<string, number> {
  return new Map(targets.map(({ target, idleTimeoutMs }) => [target, idleTimeoutMs] as const))
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
