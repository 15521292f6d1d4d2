import type { FailureDocument, TrafficDocument } from '../../../src/records.js'
import { type OpenOptions, openElasticsearchSink } from '../../../src/sinks/elasticsearch/open.js'
import { describeSink } from '../../contract/sink-contract.js'
import { mergeFailures } from '../../support/documents.js'
import { clusterUrl, documents, removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'

describeSink(
  'elasticsearch',
  async () => {
    const prefix = uniquePrefix('sink')
    return {
      open: () => openElasticsearchSink({ ...defaults(prefix), mergeFailures }),
      stored: async () => [
        ...(await documents<FailureDocument>(`${prefix}-failures*`)).map(({ _source }) => _source),
        ...(await documents<TrafficDocument>(`${prefix}-traffic*`)).map(({ _source }) => _source),
      ],
      remove: () => removeAll(prefix),
    }
  },
  { keyed: true },
)

function defaults(prefix: string): Omit<OpenOptions, 'mergeFailures'> {
  return {
    node: clusterUrl(),
    prefix,
    timeoutMs: 30_000,
    maxBatchBytes: 2 * 1024 ** 2,
    lingerMs: 5,
    inFlight: 4,
    frequencyMs: 3_600_000,
    setup: true,
    retry: { pause: async () => {}, random: () => 1 },
    patient: false,
    onRefused: ({ reason }) => {
      throw new Error(reason)
    },
    onNotice: () => {},
  }
}
