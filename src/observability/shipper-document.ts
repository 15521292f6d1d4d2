import type { ShipperDocument } from '../records.js'
import type { SinkCounts, Snapshot } from './snapshot.js'

/** Who reports. */
export interface Agent {
  /** The machine's host name. */
  readonly name: string
  /** Made up for each process. */
  readonly id: string
  readonly version: string
}

export interface ShipperInput {
  readonly agent: Agent
  readonly pipeline: string
  /** At the last document of this process; null for its first. */
  readonly before: Snapshot | null
  readonly current: Snapshot
}

/** A sign of life: what came since the last one, and how things stand. */
export function toShipperDocument({ agent, pipeline, before, current }: ShipperInput): ShipperDocument {
  const since = (count: (snapshot: Snapshot) => number): number =>
    count(current) - (before === null ? 0 : count(before))
  return {
    '@timestamp': new Date(current.takenMs).toISOString(),
    event: { dataset: 'edgemicro.shipper' },
    agent: { type: 'hangup', ...agent },
    edgemicro: {
      shipper: {
        pipeline,
        lines: since(({ ledger }) => ledger.lines),
        events: since(({ ledger }) => ledger.events),
        rejections: since(({ ledger }) => ledger.rejections),
        failures: since(({ failed }) => failed),
        orphans: since(({ orphans }) => orphans),
        evicted: since(({ evicted }) => evicted),
        late: since(({ late }) => late),
        refused: since(({ sinks }) => sum(sinks, ({ refused }) => refused)),
        retries: since(({ sinks }) => sum(sinks, ({ retries }) => retries)),
        unsent: current.unsent,
        lag_ms: current.reachedMs === null ? null : Math.round(current.takenMs - current.reachedMs),
      },
    },
  }
}

function sum(sinks: readonly SinkCounts[], of: (sink: SinkCounts) => number): number {
  return sinks.reduce((total, sink) => total + of(sink), 0)
}
