import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from '@jest/globals'
import type { TransientError } from '../../../src/errors.js'
import type { FailureDocument, IndexDocument, TrafficDocument } from '../../../src/records.js'
import { connectElasticsearch, type Request } from '../../../src/sinks/elasticsearch/connection.js'
import { documentId, indexOf } from '../../../src/sinks/elasticsearch/documents.js'
import type { OpenOptions } from '../../../src/sinks/elasticsearch/open.js'
import { ElasticsearchSink } from '../../../src/sinks/elasticsearch/sink.js'
import { countsOf, expectedCounts } from '../../sinks/elasticsearch/frequency/expected.js'
import { failure, T0, traffic } from '../../support/documents.js'
import { type Address, documents, eventually, sharedCluster } from '../../support/elasticsearch/cluster.js'
import { failuresOf, frequencyOf, sinkOptions } from './sink-options.js'

const DAY_MS = 86_400_000

/** The day of `failures` and `counts`, as index names have it. */
export const DAY = '2021.06.23'

export interface Some {
  readonly from?: number
  /** Days behind `DAY`. */
  readonly day?: number
  readonly path?: string
}

/** Failures of one day, so of one index, numbered from `from` on. */
export function failures(count: number, { from = 0, day = 0, path }: Some = {}) {
  return Array.from({ length: count }, (_, number) => {
    const id = `f0000000-0000-4000-8000-${String(from + number).padStart(12, '0')}`
    return failure({ id, timeMs: T0 + day * DAY_MS + number, path })
  })
}

/** Counts of so many minutes of that day. */
export function counts(minutes: number) {
  return Array.from({ length: minutes }, (_, minute) => traffic({ timeMs: T0 + minute * 60_000, requests: 5_000 }))
}

/** Options of a sink on that server, with short waits, and what it says of each failure that it will try again. */
export function faultOptions(prefix: string, { url }: Pick<Address, 'url'>, changes: Partial<OpenOptions> = {}) {
  const retries: TransientError[] = []
  const options = sinkOptions(prefix, {
    node: url,
    retry: {
      pause: (milliseconds) => sleep(Math.min(milliseconds, 300)),
      random: () => 1,
      onRetry: (error) => retries.push(error),
    },
    ...changes,
  })
  return { options, retries }
}

/** Something that is under way, and how it has ended so far. */
export class UnderWay {
  ended: 'well' | { readonly error: unknown } | null = null

  constructor(readonly promise: Promise<void>) {
    promise.then(
      () => {
        this.ended = 'well'
      },
      (error: unknown) => {
        this.ended = { error }
      },
    )
  }

  /** Resolves after so many more tries that failed, if it has not ended by then. */
  async waitsThrough(retries: readonly TransientError[], tries = 3): Promise<void> {
    const enough = retries.length + tries
    await eventually(`it is tried ${tries} times more`, async () => this.ended !== null || retries.length >= enough)
    expect(this.ended).toBeNull()
  }
}

/** The store holds these documents, whole, each one once and in the index of its day, and nothing else. */
export async function expectStored(
  prefix: string,
  written: readonly IndexDocument[],
  at: Address = sharedCluster(),
): Promise<void> {
  const stored = [...(await failuresOf(prefix, at)), ...(await documents<TrafficDocument>(`${prefix}-traffic-*`, at))]
  const found = stored.map(({ _index, _id, _source }): Row => [_index, _id, _source])
  const expected = written.map((each): Row => [indexOf(prefix, each), documentId(each.id), each.document])
  expect(found.sort(byPlace)).toEqual(expected.sort(byPlace))
}

type Row = readonly [index: string, id: string, document: unknown]

function byPlace([index, id]: Row, [otherIndex, otherId]: Row): number {
  return `${index}/${id}`.localeCompare(`${otherIndex}/${otherId}`)
}

/** The frequency counts these documents and no others. */
export async function expectCounted(
  prefix: string,
  written: readonly IndexDocument[],
  at: Address = sharedCluster(),
): Promise<void> {
  expect(countsOf(await frequencyOf(prefix, at))).toEqual(await expectedCounts(written))
}

/** Told of a request: before it is sent, and once it was answered or has failed. */
export interface Watcher {
  readonly before?: (request: Request) => Promise<void> | void
  readonly after?: (request: Request, error: unknown) => Promise<void> | void
}

/** A sink of which each request can be watched, and what others do can be put between two of them. No frequency. */
export function watchedSink(options: OpenOptions, { before, after }: Watcher): ElasticsearchSink {
  const connection = connectElasticsearch(options)
  return new ElasticsearchSink({
    ...options,
    elasticsearch: {
      name: connection.name,
      async request(request) {
        await before?.(request)
        try {
          const answer = await connection.request<never>(request)
          await after?.(request, null)
          return answer
        } catch (error) {
          await after?.(request, error)
          throw error
        }
      },
      close: () => connection.close(),
    },
    rollup: { mark: () => {}, markMinute: () => {}, settle: async () => {} },
  })
}

/** Both halves of one request, each as a reader of that half alone would write it. */
export function halves(id: string, timeMs: number): { readonly target: Failure; readonly client: Failure } {
  return { target: failure({ id, halves: 'target', timeMs }), client: failure({ id, halves: 'client', timeMs }) }
}

type Failure = IndexDocument & { readonly kind: 'failure'; readonly document: FailureDocument }
