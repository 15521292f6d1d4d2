import { resolve } from 'node:path'
import type { z } from 'zod'
import type { SinkConfig } from './sink-options.js'
import type { SourceConfig } from './source-options.js'

/** What the rules look at. Each part may be missing or wrong still. */
interface Unchecked {
  readonly source?: SourceConfig
  readonly sinks?: readonly (SinkConfig | undefined)[]
  readonly targets?: readonly ({ readonly target?: unknown } | undefined)[]
  readonly deadLetters?: { readonly path?: unknown; readonly kafka?: Partial<Topic> }
}

/**
 * What options ask of each other. Runs beside other faults, so that all are told at once: whatever is missing or wrong is passed
 * over.
 */
export function rulesBetweenOptions(config: Unchecked, context: z.core.$RefinementCtx): void {
  const add = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
  const sinks = Array.isArray(config.sinks) ? config.sinks : []
  const targets = Array.isArray(config.targets) ? config.targets : []
  const deadLetters = config.deadLetters?.path
  const lettersTopic = config.deadLetters?.kafka

  forRepeated(sinks.map(whereItWrites), (index, first) =>
    add(['sinks', index], `writes to the same place as sinks[${first}]`),
  )
  forRepeated(
    targets.map((entry) => entry?.target),
    (index, first) => add(['targets', index, 'target'], `stands in targets[${first}] already`),
  )
  if (config.source?.kind === 'kafka' && config.source.repartitionTopic === config.source.topic) {
    add(['source', 'kafka', 'repartitionTopic'], 'is the topic itself')
  }
  if (isReadTopic(config.source, lettersTopic)) {
    add(['deadLetters', 'kafka', 'topic'], 'is a topic that the source reads: letters are no lines')
  }
  for (const [index, sink] of sinks.entries()) {
    if (sink?.kind === 'kafka' && isSameTopic(sink, lettersTopic)) {
      add(['deadLetters', 'kafka', 'topic'], `is the topic of sinks[${index}]: letters are no lines`)
    }
    if (sink?.kind === 'kafka' && isReadTopic(config.source, sink)) {
      add(['sinks', index, 'kafka', 'topic'], 'is a topic that the source reads: the lines would go round for ever')
    }
    if (sink?.kind === 'duckdb' && typeof deadLetters === 'string' && resolve(deadLetters) === resolve(sink.path)) {
      add(['deadLetters', 'path'], `is the database of sinks[${index}]`)
    }
  }
}

function forRepeated(keys: readonly unknown[], tell: (index: number, first: number) => void): void {
  const seen = new Map<string, number>()
  for (const [index, key] of keys.entries()) {
    if (typeof key !== 'string') continue
    const first = seen.get(key)
    if (first === undefined) seen.set(key, index)
    else tell(index, first)
  }
}

function whereItWrites(sink: SinkConfig | undefined): string | undefined {
  switch (sink?.kind) {
    case 'duckdb':
      return `duckdb ${resolve(sink.path)}`
    case 'elasticsearch':
      return `elasticsearch ${(sink.node ?? sink.cloudId)?.replace(/\/+$/, '')} ${sink.prefix}`
    case 'kafka':
      return `kafka ${sink.topic} ${[...sink.brokers].sort().join(' ')}`
    case 'stdout':
      return 'stdout'
    default:
      return undefined
  }
}

interface Topic {
  readonly brokers: readonly string[]
  readonly topic: string
}

/** Each part of the other one may be missing or wrong still. */
function isSameTopic(one: Topic, other: Partial<Topic> | undefined): boolean {
  return one.topic === other?.topic && one.brokers.some((broker) => other.brokers?.includes(broker) === true)
}

function isReadTopic(source: SourceConfig | undefined, other: Partial<Topic> | undefined): boolean {
  if (source?.kind !== 'kafka') return false
  const { brokers, repartitionTopic } = source
  const reads = source.partitionedBy === 'none' ? [source.topic, repartitionTopic] : [source.topic]
  return reads.some((topic) => isSameTopic({ brokers, topic }, other))
}
