import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { LabelledCount, PartitionLag, Snapshot } from './snapshot.js'

/** One metric: all that is said of it anywhere. */
export interface MetricDeclaration {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: readonly string[]
  /** Its samples; none where there is nothing to tell yet. */
  readonly read: (snapshot: Snapshot) => readonly LabelledCount[]
}

/** Every metric of a run, once. Counters begin at nought with the process, and leave out what a restart reads again. */
export const METRICS: readonly MetricDeclaration[] = [
  {
    name: 'hangup_requests_total',
    type: 'counter',
    help: 'Requests to targets that were counted from their lines, or (target and proxy unknown) from statistics.',
    labels: ['target', 'proxy'],
    read: ({ requests }) => requests,
  },
  {
    name: 'hangup_failures_total',
    type: 'counter',
    help: 'Failed requests, each counted once, two seconds after it was first given out.',
    labels: ['target', 'proxy', 'code', 'cause'],
    read: ({ failures }) => failures,
  },
  {
    name: 'hangup_lines_total',
    type: 'counter',
    help: 'Lines by what became of them.',
    labels: ['kind'],
    read: ({ ledger: { events, plain, stats, continuations, rejections } }) =>
      by('kind', { event: events, plain, stats, continuation: continuations, rejection: rejections }),
  },
  {
    name: 'hangup_rejections_total',
    type: 'counter',
    help: 'Lines that could not be used, by reason; they are dead letters.',
    labels: ['reason'],
    read: ({ rejections }) => by('reason', rejections),
  },
  {
    name: 'hangup_orphans_total',
    type: 'counter',
    help: 'Failures that were given out with one of their halves.',
    labels: [],
    read: ({ orphans }) => one(orphans),
  },
  {
    name: 'hangup_evicted_failures_total',
    type: 'counter',
    help: 'Failures that had to leave the join before their window had passed: join.maxPending is too small.',
    labels: [],
    read: ({ evicted }) => one(evicted),
  },
  {
    name: 'hangup_late_lines_total',
    type: 'counter',
    help: 'Lines too late to be counted as requests: their minute was stored already.',
    labels: [],
    read: ({ late }) => one(late),
  },
  {
    name: 'hangup_input_losses_total',
    type: 'counter',
    help: 'How often lines of followed files were lost, or may have been: cut (truncated), gone (deleted while we were down), given_up (deleted and unread for too long).',
    labels: ['reason'],
    read: ({ inputLosses }) => inputLosses.map(({ reason, times }) => ({ labels: { reason }, count: times })),
  },
  {
    name: 'hangup_lost_bytes_total',
    type: 'counter',
    help: 'Bytes of followed files that are known to be lost; what was written and cut off between two looks is not known.',
    labels: ['reason'],
    read: ({ inputLosses }) => inputLosses.map(({ reason, bytes }) => ({ labels: { reason }, count: bytes })),
  },
  {
    name: 'hangup_stored_documents_total',
    type: 'counter',
    help: 'Documents that the sink has confirmed; one that is written again counts again.',
    labels: ['sink'],
    read: ({ sinks }) => perSink(sinks, ({ stored }) => stored),
  },
  {
    name: 'hangup_store_retries_total',
    type: 'counter',
    help: 'Writes that failed and were tried again.',
    labels: ['sink'],
    read: ({ sinks }) => perSink(sinks, ({ retries }) => retries),
  },
  {
    name: 'hangup_refused_documents_total',
    type: 'counter',
    help: 'Documents that the store will never take; they are dead letters.',
    labels: ['sink'],
    read: ({ sinks }) => perSink(sinks, ({ refused }) => refused),
  },
  {
    name: 'hangup_unsent_documents',
    type: 'gauge',
    help: 'Documents that wait to be stored.',
    labels: [],
    read: ({ unsent }) => one(unsent),
  },
  {
    name: 'hangup_lag_seconds',
    type: 'gauge',
    help: 'Processing time less the event time that everything read has reached; absent before the first line.',
    labels: [],
    read: ({ reachedMs, takenMs }) => (reachedMs === null ? [] : one((takenMs - reachedMs) / 1000)),
  },
  {
    name: 'hangup_partition_lag_records',
    type: 'gauge',
    help: 'Records of a partition of the topic that are not read yet; those partitions that this instance reads.',
    labels: ['topic', 'partition'],
    read: ({ partitions }) => partitions.map((lag) => lagOf(lag, lag.records)),
  },
  {
    name: 'hangup_partition_lag_seconds',
    type: 'gauge',
    help: 'Processing time less the event time that a partition of the topic has reached; 0 where all of it is read.',
    labels: ['topic', 'partition'],
    read: ({ partitions, takenMs }) =>
      partitions.flatMap((lag) => {
        if (lag.records === 0) return [lagOf(lag, 0)]
        return lag.reachedMs === null ? [] : [lagOf(lag, (takenMs - lag.reachedMs) / 1000)]
      }),
  },
  {
    name: 'hangup_pairs_total',
    type: 'counter',
    help: 'Target halves of failures, by how their client halves came: by the same partition (together), another (apart), not in time (alone).',
    labels: ['halves'],
    read: ({ pairs: { together, apart, alone } }) => by('halves', { together, apart, alone }),
  },
  {
    name: 'hangup_read_bytes_total',
    type: 'counter',
    help: 'Bytes of lines that were read, unpacked, those of replays too.',
    labels: [],
    read: ({ readBytes }) => one(readBytes),
  },
  {
    name: 'hangup_replayed_bytes_total',
    type: 'counter',
    help: 'Bytes of lines that a former process had stored and that were read again for the state alone.',
    labels: [],
    read: ({ replayedBytes }) => one(replayedBytes),
  },
  {
    name: 'hangup_checkpoint_timestamp_seconds',
    type: 'gauge',
    help: 'When positions were last saved, in seconds since 1970; absent before, and where none are kept.',
    labels: [],
    read: ({ checkpointSavedMs }) => (checkpointSavedMs === null ? [] : one(checkpointSavedMs / 1000)),
  },
]

export interface MetricsOptions {
  readonly snapshot: () => Snapshot
  readonly version: string
  readonly pipeline: string
}

/** The text that Prometheus reads. */
export interface Metrics {
  readonly contentType: string
  /** All metrics as they stand, those of the process under their usual names among them. */
  text(): Promise<string>
}

/** Metrics in a registry of their own. Those of the process begin to be collected: once in a process is enough. */
export function createMetrics({ snapshot, version, pipeline }: MetricsOptions): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // One look at the numbers for all metrics of a scrape, so that they agree.
  let current = snapshot()
  for (const declaration of [...METRICS, buildInfo(version, pipeline)]) {
    const { name, type, help, labels } = declaration
    const configuration = { name, help, labelNames: [...labels], registers: [registry] }
    const metric = type === 'counter' ? new Counter(configuration) : new Gauge(configuration)
    // Not by `inc`: it tells series apart by labels strung together, where a hostile one can pass for two of another.
    const samples = async () => ({ name, help, type, aggregator: 'sum', values: valuesOf(declaration.read(current)) })
    Object.assign(metric, { get: samples })
  }
  return {
    contentType: registry.contentType,
    text: () => {
      current = snapshot()
      return registry.metrics()
    },
  }
}

function buildInfo(version: string, pipeline: string): MetricDeclaration {
  return {
    name: 'hangup_build_info',
    type: 'gauge',
    help: 'Always 1; says which version runs which pipeline.',
    labels: ['version', 'pipeline'],
    read: () => [{ labels: { version, pipeline }, count: 1 }],
  }
}

function valuesOf(samples: readonly LabelledCount[]) {
  return samples.map(({ labels, count }) => ({ labels, value: count }))
}

function one(count: number): readonly LabelledCount[] {
  return [{ labels: {}, count }]
}

function lagOf({ topic, partition }: PartitionLag, count: number): LabelledCount {
  return { labels: { topic, partition: String(partition) }, count }
}

function by(label: string, counts: Readonly<Record<string, number>>): readonly LabelledCount[] {
  return Object.entries(counts).map(([value, count]) => ({ labels: { [label]: value }, count }))
}

/** Two sinks of one kind are one series: no series may stand twice. */
function perSink(sinks: Snapshot['sinks'], of: (sink: Snapshot['sinks'][number]) => number): readonly LabelledCount[] {
  const counts: Record<string, number> = {}
  for (const each of sinks) counts[each.sink] = (counts[each.sink] ?? 0) + of(each)
  return by('sink', counts)
}
