import { CLIENT_ID } from '../sources/kafka/client-options.js'
import { TopicSource } from '../sources/kafka/topic-source.js'
import type { Source } from '../sources/source.js'
import type { FileCheckpoint } from '../sources/tail/file-checkpoint.js'
import { TailLosses } from '../sources/tail/tail-losses.js'
import { TailSource } from '../sources/tail/tail-source.js'
import { openBackfill } from './backfill/open-backfill.js'
import type { Input, InputOptions } from './input.js'
import { openGroups, UNKNOWN_LENGTH } from './open-groups.js'
import { openLogs } from './open-logs.js'
import { REPLAY_HORIZON_MS } from './partition.js'
import { FileProgress } from './progress.js'
import type { Measure, RunInput } from './run-input.js'

/** Opens the source of a run where the run before it stopped. */
export async function openInput(options: InputOptions): Promise<Input> {
  const { config, once, backfill, checkpoints, onGone } = options
  if (config.source.kind === 'kafka' && backfill !== undefined) {
    const part = { ...options, ...config, source: config.source, backfill, horizonMs: REPLAY_HORIZON_MS }
    const { source, progress } = await openBackfill(part)
    const [measure, lag] = [() => source.progress(), () => progress.lag()]
    return { source, measure, progress, lag, keepsPositions: true, closedUntilMs: {}, close: async () => {} }
  }
  if (config.source.kind === 'kafka' && !once) return openGroups(config.source, options)
  const resumed = (await checkpoints?.load()) ?? undefined
  const losses = new TailLosses()
  const position = { resume: resumed?.files ?? [], isUnknown: checkpoints?.wasDamaged === true, losses }
  const { source, progress: measure } = await openSource(options, position)
  return {
    source,
    measure,
    progress: new FileProgress({
      horizonMs: REPLAY_HORIZON_MS,
      resumed,
      checkpoints,
      pipelineName: config.name,
      onGone,
    }),
    keepsPositions: checkpoints !== null,
    closedUntilMs: resumed?.floorTimeMs ?? {},
    lag: () => [],
    losses,
    close: async () => {},
  }
}

export interface SourcePosition {
  readonly resume: readonly FileCheckpoint[]
  /** Something was read before, and nobody knows how far. */
  readonly isUnknown?: boolean
  /** Told of what could not be read of followed files. */
  readonly losses?: TailLosses
}

/** Opens the source of a pipeline, at its beginning where there is nothing to resume. */
export async function openSource(
  { config, once, stdin, onProblem }: Pick<RunInput, 'config' | 'once' | 'stdin' | 'onProblem'>,
  { resume, isUnknown, losses }: SourcePosition,
): Promise<{ readonly source: Source; readonly progress: Measure }> {
  const { source } = config
  switch (source.kind) {
    case 'tail':
      if (!once) {
        const start = isUnknown ? 'beginning' : source.start
        return { source: new TailSource({ ...source, start, resume, losses, onProblem }), progress: UNKNOWN_LENGTH }
      }
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
