import type { IndexDocument, ShipperDocument } from '../../records.js'
import { type RetryOptions, retrying } from '../../retry.js'
import type { MergeFailures } from '../collapse.js'
import { type Derived, Settler, type Stored } from '../settler.js'
import type { Sink } from '../sink.js'
import { type Case, type Pass, Revision, type Verdicts } from '../verdicts.js'
import type { ItemResult } from './bulk.js'
import { Congestion } from './congestion.js'
import type { Elasticsearch } from './connection.js'
import { documentId, shipperIndex } from './documents.js'
import { conflictPauseMs, type FrequencyRollup } from './frequency/rollup.js'
import { staleMinutes } from './frequency/stale.js'
import { type Done, Lane } from './lane.js'
import { reviseVerdicts } from './revise.js'
import { Uniter } from './uniter.js'
import { Writer } from './writer.js'

export interface ElasticsearchSinkOptions {
  /** The sink closes it. */
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  /** Largest bulk request. */
  readonly maxBatchBytes: number
  readonly lingerMs: number
  readonly inFlight: number
  /** How often verdicts are revised, and the minutes that changed are counted again. */
  readonly frequencyMs: number
  readonly rollup: Derived & Pick<FrequencyRollup, 'markMinute'>
  readonly mergeFailures: MergeFailures
  /** Where not given, verdicts stay as they come. */
  readonly verdicts?: Verdicts
  readonly retry: RetryOptions
  /** Told of a document that Elasticsearch will never take: a dead letter. It counts as done. */
  readonly onRefused: (refused: RefusedDocument) => void
}

export interface RefusedDocument {
  readonly document: IndexDocument
  readonly status: number
  /** In Elasticsearch's words. */
  readonly reason: string
}

/**
 * Elasticsearch, by bulk requests: one document for each failure, however its halves come, and the largest count of each
 * minute. Documents are shared out to lanes by their ids and each lane has one request under way: so several are under
 * way, and those of one id keep their order. A server that is away, busy or out of disk is waited for.
 */
export class ElasticsearchSink implements Sink {
  readonly name = 'elasticsearch'
  /** A write costs nothing but memory until it is sent, and what waits is bounded by the delivery. */
  readonly maxWrites = 1_000
  readonly #elasticsearch: Elasticsearch
  readonly #prefix: string
  readonly #lanes: readonly Lane[]
  readonly #settler: Settler
  #failure: { readonly error: unknown } | null = null
  /** What is told of a failure that stops the sink. */
  readonly #listeners = new Set<(error: unknown) => void>()
  #reporting: Promise<void> | null = null

  constructor(options: ElasticsearchSinkOptions) {
    const { elasticsearch, prefix, maxBatchBytes, inFlight, retry, mergeFailures, onRefused } = options
    this.#elasticsearch = elasticsearch
    this.#prefix = prefix
    const writer = new Writer(elasticsearch, new Congestion({ inFlight, batchBytes: maxBatchBytes }), retry)
    this.#settler = new Settler(derivedOf(options, writer), { everyMs: options.frequencyMs })
    const uniter = new Uniter({ elasticsearch, prefix, writer, mergeFailures, retry })
    const lane = {
      ...{ prefix, mergeFailures, writer, uniter, lingerMs: options.lingerMs },
      fullAt: Math.ceil(maxBatchBytes / TYPICAL_BYTES),
      onStored: (documents: readonly Stored[]) => this.#settler.mark(documents),
      onRefused: (document: IndexDocument, why: ItemResult | undefined) =>
        onRefused({ document, status: why?.status ?? 0, reason: why?.error?.reason ?? 'no reason given' }),
    }
    this.#lanes = Array.from({ length: inFlight }, () => new Lane(lane))
  }

  write(documents: readonly IndexDocument[]): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure.error)
    if (documents.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let open = documents.length
      const done: Done = () => {
        open--
        if (open > 0) return
        this.#listeners.delete(reject)
        resolve()
      }
      this.#listeners.add(reject)
      for (const document of documents) this.#laneOf(document.id).add(document, done, this.#fail)
    })
  }

  /** Resolves once verdicts rest on all that was written before the call, and `<prefix>-frequency` counts it. */
  settle(options?: { readonly now?: boolean }): Promise<void> {
    return this.#settler.settle(options)
  }

  report(document: ShipperDocument): void {
    this.#reporting ??= this.#elasticsearch
      .request({ method: 'POST', path: `/${shipperIndex(this.#prefix, document['@timestamp'])}/_doc`, body: document })
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        this.#reporting = null
      })
  }

  async close(): Promise<void> {
    this.#settler.close()
    await this.#reporting
    await this.#elasticsearch.close()
  }

  /** The other lanes end, too: there is no more point in what they write. */
  readonly #fail = (error: unknown): void => {
    this.#failure ??= { error }
    this.#settler.close()
    void this.#elasticsearch.close()
    for (const tell of this.#listeners) tell(this.#failure.error)
    this.#listeners.clear()
  }

  #laneOf(id: string): Lane {
    const text = documentId(id)
    let hash = 0
    for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
    return this.#lanes[(hash >>> 0) % this.#lanes.length]
  }
}

/** Verdicts first: they change what is counted. */
function derivedOf({ rollup, verdicts, ...options }: ElasticsearchSinkOptions, writer: Writer): Derived {
  if (verdicts === undefined) return rollup
  const { elasticsearch, prefix, retry } = options
  const pass = async (open: Case): Promise<Pass> => {
    const result = await reviseVerdicts({ elasticsearch, prefix, writer, verdicts }, open)
    if (result !== 'right') return result
    for (const minuteMs of await staleMinutes({ elasticsearch, prefix }, open, verdicts.causes)) {
      rollup.markMinute(minuteMs)
    }
    return result
  }
  const revision = new Revision({
    verdicts,
    pass: (open) => retrying(() => pass(open), retry),
    pause: (conflicts) => retry.pause(conflictPauseMs(conflicts, retry.random()), retry.signal),
  })
  return {
    mark: (documents) => {
      revision.mark(documents)
      rollup.mark(documents)
    },
    settle: async () => {
      await revision.settle()
      await rollup.settle()
    },
  }
}

/**
 * Of a failure in a bulk request, not too little: a lane that holds a request full of them does not linger, and takes so
 * many at a time, which should not need a second request for the last few.
 */
const TYPICAL_BYTES = 1_700
