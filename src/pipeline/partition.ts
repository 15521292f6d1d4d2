import { ByteMap } from '../byte-map.js'
import { SeenLines } from '../count/seen-lines.js'
import { StatsCounter } from '../count/stats.js'
import { type TrafficCell, TrafficCounter } from '../count/traffic.js'
import type { ProxyTargets } from '../enrich/targets.js'
import { EventClock } from '../join/event-clock.js'
import type { LineSource } from '../records.js'

/** What the steps keep of one partition. */
export interface Partition {
  readonly name: string
  /** The first that was seen of it. */
  readonly source: LineSource
  /** By path. */
  readonly sources: Map<string, LineSource>
  readonly clock: EventClock
  readonly traffic: TrafficCounter
  readonly stats: StatsCounter
  /** Null where no line comes twice. */
  readonly seen: SeenLines | null
  /** By host, worker, org, env and base path as they stand in the line. */
  readonly dimensions: ByteMap<KnownDimensions>
}

export interface KnownDimensions {
  readonly cell: TrafficCell
  readonly target: string | null
  readonly targets: ProxyTargets
}

export interface PartitionOptions {
  readonly latenessMs: number
  /** Per partition: windows that begin before this are stored already. */
  readonly closedUntilMs?: ReadonlyMap<string, number>
  /** Lines may come twice, and are to be counted once. */
  readonly mayRepeat?: boolean
}

export function newPartition(source: LineSource, options: PartitionOptions): Partition {
  return {
    name: source.partition,
    source,
    sources: new Map([[source.path, source]]),
    clock: new EventClock(options),
    traffic: new TrafficCounter({ closedUntilMs: options.closedUntilMs?.get(source.partition) }),
    stats: new StatsCounter(),
    seen: options.mayRepeat === true ? new SeenLines() : null,
    dimensions: new ByteMap({ maxSize: MAX_DIMENSIONS }),
  }
}

const MAX_DIMENSIONS = 20_000
