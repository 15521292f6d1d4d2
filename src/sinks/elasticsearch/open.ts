import { PermanentError } from '../../errors.js'
import { type RetryOptions, retrying } from '../../retry.js'
import type { MergeFailures } from '../collapse.js'
import type { Verdicts } from '../verdicts.js'
import { type ConnectionOptions, connectElasticsearch, type Elasticsearch, statusOf } from './connection.js'
import { FrequencyRollup } from './frequency/rollup.js'
import { installMissing } from './setup/setup.js'
import { ElasticsearchSink, type RefusedDocument } from './sink.js'

export interface OpenOptions extends ConnectionOptions {
  readonly prefix: string
  readonly maxBatchBytes: number
  readonly lingerMs: number
  readonly inFlight: number
  readonly frequencyMs: number
  /** Install what is missing of templates and lifecycle policies. */
  readonly setup: boolean
  readonly mergeFailures: MergeFailures
  /** Where not given, verdicts stay as they come. */
  readonly verdicts?: Verdicts
  readonly retry: RetryOptions
  /** A server that is away at the start is waited for. */
  readonly patient: boolean
  readonly onRefused: (refused: RefusedDocument) => void
  /** Told of what was installed, and of what an operator should know, one line each. */
  readonly onNotice: (notice: string) => void
}

/**
 * Reaches the cluster, looks whether it is one that we know, installs what is missing, and opens the sink. Throws
 * `ConfigError`, `PermanentError` (`store_denied`, `store_incompatible`), and `TransientError` where it is not patient.
 */
export async function openElasticsearchSink(options: OpenOptions): Promise<ElasticsearchSink> {
  const elasticsearch = connectElasticsearch({ ...options, signal: options.retry.signal })
  const prepare = async (): Promise<readonly string[]> => {
    await checkVersion(elasticsearch)
    return options.setup ? installMissing(elasticsearch, options.prefix) : []
  }
  try {
    const notices = await (options.patient ? retrying(prepare, options.retry) : prepare())
    for (const notice of notices) options.onNotice(notice)
  } catch (error) {
    await elasticsearch.close()
    throw error
  }
  return new ElasticsearchSink({ ...options, elasticsearch, rollup: rollupOf(elasticsearch, options) })
}

function rollupOf(elasticsearch: Elasticsearch, { prefix, retry }: OpenOptions): FrequencyRollup {
  const { pause, random } = retry
  return new FrequencyRollup({
    ...{ elasticsearch, prefix, random },
    pause: (milliseconds) => pause(milliseconds, retry.signal),
    retry: (operation) => retrying(operation, retry),
  })
}

/** Throws where the server is too old. One that does not tell its version (no such privilege) is taken at its word. */
export async function checkVersion(elasticsearch: Elasticsearch): Promise<void> {
  const version = await elasticsearch.request<Root>({ method: 'GET', path: '/' }).then(
    ({ body }) => body.version?.number ?? '',
    (error: unknown) => {
      if (statusOf(error) === 403) return ''
      throw error
    },
  )
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined || Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 14)) return
  throw new PermanentError(`Elasticsearch ${version} is too old: ${elasticsearch.name}`, {
    code: 'store_incompatible',
    hint: 'use Elasticsearch 8.14 or newer',
  })
}

interface Root {
  readonly version?: { readonly number?: string }
}
