import { setTimeout as sleep } from 'node:timers/promises'
import type { DeadLettersConfig, SinkConfig } from '../config/schema.js'
import type { SinkWatch } from '../observability/sink-watch.js'
import { Problems } from '../problems.js'
import type { RetryOptions } from '../retry.js'
import type { DeadLetterSink } from '../sinks/dead-letters/dead-letter-sink.js'
import { LetterFile } from '../sinks/dead-letters/letter-file.js'
import { LetterTopic } from '../sinks/dead-letters/letter-topic.js'
import { loadEngine } from '../sinks/duckdb/engine.js'
import { openElasticsearchSink } from '../sinks/elasticsearch/open.js'
import { KafkaLineSink } from '../sinks/kafka/line-sink.js'
import type { Sink } from '../sinks/sink.js'
import { StdoutSink } from '../sinks/stdout.js'
import { CLIENT_ID } from '../sources/kafka/client-options.js'
import { isTooLarge } from '../sources/kafka/faults.js'
import { openPartitionProducer } from '../sources/kafka/producer.js'
import type { DeadLetters } from './dead-letters.js'
import { mergeFailureDocuments } from './document.js'
import { timeoutsOf } from './processor-options.js'
import type { RunInput } from './run-input.js'
import { verdictsBy } from './verdicts.js'

export interface SinkInput extends RunInput {
  readonly deadLetters: Pick<DeadLetters, 'addRefused'>
  readonly watch: SinkWatch
}

export type LineSinkInput = Pick<SinkInput, 'signal' | 'onProblem' | 'watch'>

export type LettersInput = Pick<RunInput, 'signal' | 'onProblem'>

/** A sink for documents. */
export type StoreConfig = Exclude<SinkConfig, { readonly kind: 'kafka' }>

/** Opens one sink; throws where its store can not be used. */
export async function openSink(sink: StoreConfig, input: SinkInput): Promise<Sink> {
  const judging = { mergeFailures: mergeFailureDocuments, verdicts: verdictsBy(timeoutsOf(input.config)) }
  switch (sink.kind) {
    case 'duckdb': {
      // Its engine takes a fifth of a second to load, and agents and most consumers have no such sink.
      await loadEngine()
      const { DuckDbSink } = await import('../sinks/duckdb/sink.js')
      return DuckDbSink.open({ path: sink.path, ...judging })
    }
    case 'elasticsearch':
      return openElasticsearchSink({
        ...sink,
        ...judging,
        retry: retryOptions(input),
        // A service may start before its store; whoever waits for an answer is told at once.
        patient: !input.once,
        onNotice: input.onNotice ?? (() => {}),
        onRefused: (refused) => {
          input.watch.refused(1)
          input.deadLetters.addRefused({ sink: sink.kind, ...refused })
        },
      })
    case 'stdout':
      return new StdoutSink(input.stdout, { traffic: sink.traffic })
  }
}

/** A topic for lines. */
export type LineSinkConfig = Omit<SinkConfig & { readonly kind: 'kafka' }, 'kind' | 'messageBytes'>

/** Opens a topic for log lines; it is reached when the first ones are written. Throws `ConfigError`. */
export function openLineSink(sink: LineSinkConfig, input: LineSinkInput): KafkaLineSink {
  return new KafkaLineSink(openPartitionProducer({ ...sink, clientId: CLIENT_ID, retry: retryOptions(input) }))
}

/** Opens the place of the dead letters; it is reached when the first ones are written. Throws `ConfigError`. */
export function openDeadLetterSink(config: DeadLettersConfig, input: LettersInput): DeadLetterSink {
  if (config.kind === 'file') return new LetterFile(config.path)
  const producer = openPartitionProducer({ ...config, clientId: CLIENT_ID, retry: retryOptions(input) })
  return new LetterTopic({ producer, isTooLarge })
}

function retryOptions({ signal, onProblem, watch }: LettersInput & Partial<LineSinkInput>): RetryOptions {
  const problems = new Problems(onProblem)
  return {
    pause: (milliseconds, until) => sleep(milliseconds, undefined, { signal: until }).catch(() => undefined),
    random: Math.random,
    signal,
    onRetry: (error) => {
      watch?.retried(error.code)
      problems.tell(error)
    },
  }
}
