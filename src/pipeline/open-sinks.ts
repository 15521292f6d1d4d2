import { setTimeout as sleep } from 'node:timers/promises'
import type { SinkConfig } from '../config/schema.js'
import { ConfigError } from '../errors.js'
import type { SinkWatch } from '../observability/sink-watch.js'
import { DuckDbSink } from '../sinks/duckdb/sink.js'
import { openElasticsearchSink } from '../sinks/elasticsearch/open.js'
import type { RetryOptions } from '../sinks/retry.js'
import type { Sink } from '../sinks/sink.js'
import { StdoutSink } from '../sinks/stdout.js'
import type { DeadLetters } from './dead-letters.js'
import { mergeFailureDocuments } from './document.js'
import type { RunInput } from './run.js'

export interface SinkInput extends RunInput {
  readonly deadLetters: DeadLetters
  readonly watch: SinkWatch
}

/** Opens one sink; throws where its store can not be used. */
export async function openSink(sink: SinkConfig, input: SinkInput): Promise<Sink> {
  switch (sink.kind) {
    case 'duckdb':
      return DuckDbSink.open({ path: sink.path, mergeFailures: mergeFailureDocuments })
    case 'elasticsearch':
      return openElasticsearchSink({
        ...sink,
        mergeFailures: mergeFailureDocuments,
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
    default:
      throw new ConfigError(`not in this version: ${sink.kind}`, {
        code: 'config',
        hint: 'use duckdb, elasticsearch or stdout',
      })
  }
}

function retryOptions({ signal, onProblem, watch }: SinkInput): RetryOptions {
  return {
    pause: (milliseconds, until) => sleep(milliseconds, undefined, { signal: until }).catch(() => undefined),
    random: Math.random,
    signal,
    onRetry: (error) => {
      watch.retried(error.code)
      onProblem(error)
    },
  }
}
