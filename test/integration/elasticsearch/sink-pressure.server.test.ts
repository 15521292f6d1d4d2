import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { IndexDocument } from '../../../src/records.js'
import { demand } from '../../support/elasticsearch/cluster.js'
import { SELECTED_PROFILE } from '../../support/elasticsearch/selection.mjs'
import { type ElasticsearchServer, startElasticsearch } from '../../support/elasticsearch/server.mjs'
import { expectStored, failures, faultOptions, UnderWay, watchedSink } from './faults.js'
import { withSink } from './sink-options.js'

const LIMIT_BYTES = 512 * 1024

let server: ElasticsearchServer

beforeAll(async () => {
  const settings = {
    'indexing_pressure.memory.limit': `${LIMIT_BYTES}b`,
    'thread_pool.write.queue_size': 1,
    'node.processors': 1,
  }
  server = await startElasticsearch({ profile: SELECTED_PROFILE, settings })
}, 300_000)

afterAll(async () => server?.remove())

test('requests that the server has no room for are sent again, each one smaller, until all is stored', async () => {
  const { options, retries } = faultOptions('whole', server, { inFlight: 1, maxBatchBytes: 8 * LIMIT_BYTES })
  const taken: number[] = []
  const refused: number[] = []
  await withSink(options, async () => {}) // Installs the templates.
  const sink = watchedSink(options, {
    after({ path, lines = '' }, error) {
      if (path === '/_bulk') (error === null ? taken : refused).push(lines.length)
    },
  })
  const written = failures(800, { path: `/v1/${'x'.repeat(4_000)}` })
  await sink.write(written)
  await sink.close()
  expect(retries.map(({ code }) => code)).toEqual(refused.map(() => 'store_busy'))
  expect(retries[0].message).toMatch(/_bulk answered 429/)
  expect(refused[0]).toBeGreaterThan(4 * LIMIT_BYTES)
  for (let at = 1; at < 3; at++) expect(refused[at]).toBeLessThan(0.6 * refused[at - 1])
  expect(Math.max(...taken)).toBeLessThan(LIMIT_BYTES)
  await expectStored('whole', written, server)
})

test('documents that the server has no room for are sent again, though it took others of their request, until all is stored', async () => {
  const { options, retries } = faultOptions('items', server, { inFlight: 8, maxBatchBytes: 64 * 1024 })
  const isPartial = () => retries.some(({ message }) => hasTakenSome(message))
  const written: IndexDocument[] = []
  await withSink(options, async (sink) => {
    // Each request then goes to four shards, and of four tasks the server takes one and lets another wait.
    const template = {
      index_patterns: ['items-failures-*'],
      priority: 1_000,
      template: { settings: { number_of_shards: 4 } },
    }
    await demand('PUT', '/_index_template/items-shards', template, server)
    for (let round = 0; round < 50 && !isPartial(); round++) {
      const batches = Array.from({ length: 20 }, (_, batch) => failures(25, { from: written.length + 25 * batch }))
      written.push(...batches.flat())
      const writes = batches.map((batch) => new UnderWay(sink.write(batch)))
      await Promise.all(writes.map(({ promise }) => promise))
    }
  })
  expect(isPartial()).toBe(true)
  expect(retries.map(({ code }) => code)).toEqual(retries.map(() => 'store_busy'))
  await expectStored('items', written, server)
})

function hasTakenSome(message: string): boolean {
  const [, open, all] = /^bulk write: 429 for (\d+) of (\d+) documents/.exec(message) ?? []
  return Number(open) < Number(all)
}
