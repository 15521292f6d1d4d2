import type { PipelineConfig } from '../config/schema.js'
import type { PartitionLag } from '../observability/snapshot.js'
import { CLIENT_ID } from '../sources/kafka/client-options.js'
import { KafkaSource, type KafkaSourceOptions } from '../sources/kafka/kafka-source.js'
import { TopicSource } from '../sources/kafka/topic-source.js'
import type { Source } from '../sources/source.js'
import type { FileCheckpoint } from '../sources/tail/file-checkpoint.js'
import { TailSource } from '../sources/tail/tail-source.js'
import { openBackfill } from './backfill/open-backfill.js'
import type { CheckpointStore } from './checkpoint-store.js'
import { KafkaProgress } from './kafka-progress.js'
import { openLogs } from './open-logs.js'
import { EVIDENCE_HORIZON_MS } from './processor.js'
import { FileProgress, type InputProgress } from './progress.js'
import type { Measure, RunInput } from './run-input.js'

/** Where the lines of a run come from, and where its positions are kept. */
export interface Input {
  readonly source: Source
  readonly measure: Measure
  readonly progress: InputProgress
  /** False where nothing remembers how far the run has come. */
  readonly keepsPositions: boolean
  /** Per partition: windows that begin before this are stored already. */
  readonly closedUntilMs: Readonly<Record<string, number>>
  /** Of the partitions of a topic. */
  lag(): readonly PartitionLag[]
  close(): Promise<void>
}

export interface InputOptions
  extends Pick<RunInput, 'config' | 'once' | 'backfill' | 'stdin' | 'onProblem' | 'signal'> {
  /** Null where positions are not kept in a file. */
  readonly checkpoints: CheckpointStore | null
  /** Told of partitions that are no longer read here. */
  readonly onGone: (isGone: (partition: string) => boolean) => void
}

/** Opens the source of a run where the run before it stopped. */
export async function openInput(options: InputOptions): Promise<Input> {
  const { config, once, backfill, checkpoints } = options
  if (config.source.kind === 'kafka' && backfill !== undefined) {
    const part = { ...options, ...config, source: config.source, backfill, horizonMs: EVIDENCE_HORIZON_MS }
    const { source, progress } = await openBackfill(part)
    const [measure, lag] = [() => source.progress(), () => progress.lag()]
    return { source, measure, progress, lag, keepsPositions: true, closedUntilMs: {}, close: async () => {} }
  }
  if (config.source.kind === 'kafka' && !once) return openGroup(config.source, options)
  const resumed = (await checkpoints?.load()) ?? undefined
  const { source, progress: measure } = await openSource(options, resumed?.files ?? [])
  return {
    source,
    measure,
    progress: new FileProgress({ horizonMs: EVIDENCE_HORIZON_MS, resumed, checkpoints, pipelineName: config.name }),
    keepsPositions: checkpoints !== null,
    closedUntilMs: resumed?.floorTimeMs ?? {},
    lag: () => [],
    close: async () => {},
  }
}

const UNKNOWN_LENGTH: Measure = () => ({ done: 0, total: null, unit: 'bytes' })

function openGroup(
  source: PipelineConfig['source'] & { kind: 'kafka' },
  { onProblem, onGone, signal }: InputOptions,
): Input {
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
    horizonMs: EVIDENCE_HORIZON_MS,
    silentMs: SILENT_MS,
    monotonicMs: () => performance.now(),
  })
  return {
    source: group,
    measure: UNKNOWN_LENGTH,
    progress,
    keepsPositions: true,
    closedUntilMs: {},
    lag: () => progress.lag(),
    close: () => group.close(),
  }
}

/** After a stop; longer than sinks are given to store what they have, and well within what service managers allow. */
const LEAVE_AFTER_MS = 15_000

/** As long as evidence reaches back: what a source left open is stored as it stands by then. */
const SILENT_MS = EVIDENCE_HORIZON_MS

/** Opens the source of a pipeline, at its beginning where there is nothing to resume. */
export async function openSource(
  { config, once, stdin, onProblem }: Pick<RunInput, 'config' | 'once' | 'stdin' | 'onProblem'>,
  resume: readonly FileCheckpoint[],
): Promise<{ readonly source: Source; readonly progress: Measure }> {
  const { source } = config
  switch (source.kind) {
    case 'tail':
      if (!once) return { source: new TailSource({ ...source, resume, onProblem }), progress: UNKNOWN_LENGTH }
      return openLogs({ inputs: source.paths, exclude: source.exclude, stdin, onProblem })
    case 'files':
      return openLogs({ inputs: source.paths, stdin, onProblem })
    case 'stdin':
      return openLogs({ inputs: ['-'], stdin, onProblem })
    case 'kafka': {
      const topic = new TopicSource({ ...source, clientId: CLIENT_ID, from: 'beginning', onProblem })
      return { source: topic, progress: () => topic.progress() }
    }
  }
}
