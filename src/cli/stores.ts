import type { SinkConfig } from '../config/schema.js'
import { DuckDbFrequencyStore } from '../frequency/duckdb.js'
import { ElasticsearchFrequencyStore } from '../frequency/elasticsearch.js'
import type { FrequencyStore } from '../frequency/question.js'
import { connectElasticsearch } from '../sinks/elasticsearch/connection.js'

/** A sink that keeps what it is given where it can be asked. */
export type AskableSink = SinkConfig & { readonly kind: 'duckdb' | 'elasticsearch' }

export function isAskable(sink: SinkConfig): sink is AskableSink {
  return sink.kind === 'duckdb' || sink.kind === 'elasticsearch'
}

/** Opens what a sink has written, for questions; the sink must be closed. Throws what the store throws. */
export async function openFrequencyStore(sink: AskableSink): Promise<FrequencyStore> {
  if (sink.kind === 'duckdb') return DuckDbFrequencyStore.open(sink.path)
  return new ElasticsearchFrequencyStore(connectElasticsearch(sink), sink.prefix)
}
