import type { SinkConfig } from '../config/schema.js'
import { loadEngine } from '../sinks/duckdb/engine.js'
import { connectElasticsearch } from '../sinks/elasticsearch/connection.js'
import { storedInElasticsearch } from '../sinks/elasticsearch/stored.js'
import type { StoredDocuments } from '../sinks/stored.js'

/** Those sinks that can say what they hold. */
export type StoreConfig = Extract<SinkConfig, { readonly kind: 'duckdb' | 'elasticsearch' }>

export function isStore(sink: SinkConfig): sink is StoreConfig {
  return sink.kind === 'duckdb' || sink.kind === 'elasticsearch'
}

/** Opens what a sink wrote, for reading. Throws where it cannot be read. */
export async function openStored(sink: StoreConfig): Promise<StoredDocuments> {
  if (sink.kind === 'duckdb') {
    await loadEngine()
    const { openStoredInDuckDb } = await import('../sinks/duckdb/stored.js')
    return openStoredInDuckDb(sink.path)
  }
  const connection = connectElasticsearch(sink)
  return storedInElasticsearch(connection, sink.prefix)
}
