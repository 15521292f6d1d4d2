import { setTimeout as sleep } from 'node:timers/promises'
import type { FailureDocument } from '../../../src/records.js'
import type { FrequencyDocument } from '../../../src/sinks/elasticsearch/frequency/documents.js'
import { type OpenOptions, openElasticsearchSink } from '../../../src/sinks/elasticsearch/open.js'
import type { ElasticsearchSink } from '../../../src/sinks/elasticsearch/sink.js'
import { mergeFailures } from '../../support/documents.js'
import { type Address, documents, type Stored, sharedCluster } from '../../support/elasticsearch/cluster.js'

/** A sink with four requests in flight that waits for little and is told to fail on what is refused. */
export function sinkOptions(prefix: string, changes: Partial<OpenOptions> = {}): OpenOptions {
  return {
    node: sharedCluster().url,
    prefix,
    timeoutMs: 30_000,
    maxBatchBytes: 2 * 1024 ** 2,
    lingerMs: 1,
    inFlight: 4,
    frequencyMs: 3_600_000,
    setup: true,
    mergeFailures,
    // The waits of the back-off grow to half a minute: here they end sooner, so that tests do.
    retry: { pause: (milliseconds) => sleep(Math.min(milliseconds, 300)), random: () => 1 },
    patient: false,
    onRefused: ({ reason }) => {
      throw new Error(reason)
    },
    onNotice: () => {},
    ...changes,
  }
}

/** Opens a sink, does something with it, and closes it whatever comes. */
export async function withSink<Result>(
  options: OpenOptions,
  use: (sink: ElasticsearchSink) => Promise<Result>,
): Promise<Result> {
  const sink = await openElasticsearchSink(options)
  try {
    return await use(sink)
  } finally {
    await sink.close()
  }
}

export const failuresOf = (prefix: string, at: Address = sharedCluster()): Promise<Stored<FailureDocument>[]> =>
  documents<FailureDocument>(`${prefix}-failures-*`, at)

export async function frequencyOf(prefix: string, at: Address = sharedCluster()): Promise<FrequencyDocument[]> {
  return (await documents<FrequencyDocument>(`${prefix}-frequency-*`, at)).map(({ _source }) => _source)
}
