import { ByteMap } from '../byte-map.js'
import { SeenLines } from '../count/seen-lines.js'
import { StatsCounter } from '../count/stats.js'
import { type TrafficCell, TrafficCounter } from '../count/traffic.js'
import type { ProxyTargets } from '../enrich/targets.js'
import { EventClock } from '../join/event-clock.js'
import type { LineSource } from '../records.js'
import { type KnownConnections, ReuseEvidence } from './reuse-evidence.js'

/** Evidence older than this, in event time, is treated as absent. */
export const EVIDENCE_HORIZON_MS = 10 * 60_000

/** Windows of traffic that a run to the end of its input holds open: no line of it is late. */
export const HELD_WINDOWS = 200_000

/**
 * The floor of a checkpoint lies as far back. A reset is judged by the requests of the horizon before it, and the connection of
 * each of those by the horizon before that.
 */
export const REPLAY_HORIZON_MS = 2 * EVIDENCE_HORIZON_MS

/** What the steps keep of one partition. */
export interface Partition {
  readonly name: string
  /** The first that was seen of it. */
  readonly source: LineSource
  readonly clock: EventClock
  readonly traffic: TrafficCounter
  readonly stats: StatsCounter
  /** Null where lines of its workers may be elsewhere. */
  readonly reuse: ReuseEvidence | null
  /** Null where no line comes twice. */
  readonly seen: SeenLines | null
  /** By host, worker, org, env and base path as they stand in the line. */
  readonly dimensions: ByteMap<KnownDimensions>
}

export interface KnownDimensions {
  readonly cell: TrafficCell
  readonly target: string | null
  readonly targets: ProxyTargets
  readonly connections: KnownConnections | null
}

export interface PartitionOptions {
  readonly latenessMs: number
  /** Per partition: windows that begin before this are stored already. */
  readonly closedUntilMs?: ReadonlyMap<string, number>
  /** Lines may come twice, and are to be counted once; reading may begin anywhere. */
  readonly mayRepeat?: boolean
  /**
   * Lines of a worker may come by several partitions, some of them here and some elsewhere: nothing is claimed that needs all
   * of them, neither targets that are told by other requests nor counts of the gateway's statistics nor idle times.
   */
  readonly isScattered?: boolean
}

export function newPartition(source: LineSource, options: PartitionOptions): Partition {
  return {
    name: source.partition,
    source,
    clock: new EventClock(options),
    traffic: new TrafficCounter({ closedUntilMs: options.closedUntilMs?.get(source.partition) }),
    stats: new StatsCounter(),
    reuse:
      options.isScattered === true
        ? null
        : new ReuseEvidence({ horizonMs: EVIDENCE_HORIZON_MS, isFromAnywhere: options.mayRepeat === true }),
    seen: options.mayRepeat === true ? new SeenLines() : null,
    dimensions: new ByteMap({ maxSize: MAX_DIMENSIONS }),
  }
}

/** Event time from which on lines are still needed for open windows; of a partition that is not known, all of them. */
export function windowsSinceMs(partition: Partition | undefined): number {
  if (partition === undefined) return Number.NEGATIVE_INFINITY
  return Math.min(partition.clock.watermarkMs, partition.traffic.earliestMs())
}

const MAX_DIMENSIONS = 20_000
