import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { TransientError } from '../../../src/errors.js'
import type { IndexDocument } from '../../../src/records.js'
import { type OpenOptions, openElasticsearchSink } from '../../../src/sinks/elasticsearch/open.js'
import type { RefusedDocument } from '../../../src/sinks/elasticsearch/sink.js'
import { ndjson, projectDirectory, Sandbox } from '../../support/cli.js'
import { failure, T0 } from '../../support/documents.js'
import { ask, demand, eventually } from '../../support/elasticsearch/cluster.js'
import { SELECTED_PROFILE } from '../../support/elasticsearch/selection.mjs'
import { type ElasticsearchServer, startElasticsearch } from '../../support/elasticsearch/server.mjs'
import { clientHalf, targetHalf } from '../../support/lines.js'
import { failuresOf, sinkOptions, withSink } from './sink-options.js'

const DAY_MS = 86_400_000
const INDEX = 'failures-2021.06.23'

/** Failures of one minute, so of one index; of `day` days later where that is given. */
function failures(count: number, { from = 0, day = 0, path }: { from?: number; day?: number; path?: string } = {}) {
  return Array.from({ length: count }, (_, index) => {
    const id = `f0000000-0000-4000-8000-${String(from + index).padStart(12, '0')}`
    return failure({ id, timeMs: T0 + day * DAY_MS + index, path })
  })
}

/** Small lanes, so that several requests are under way. */
function optionsOf(server: ElasticsearchServer, prefix: string, changes: Partial<OpenOptions> = {}) {
  const retries: string[] = []
  const options = sinkOptions(prefix, {
    node: server.url,
    retry: {
      pause: (milliseconds) => sleep(Math.min(milliseconds, 300)),
      random: () => 1,
      onRetry: ({ message }: TransientError) => retries.push(message),
    },
    ...changes,
  })
  return { options, retries }
}

/** Exactly these are stored, whole, each one once. */
async function expectStored(server: ElasticsearchServer, prefix: string, written: readonly IndexDocument[]) {
  const stored = await failuresOf(prefix, server)
  const byId = (rows: readonly (readonly [string, unknown])[]) =>
    [...rows].sort(([one], [other]) => one.localeCompare(other))
  expect(byId(stored.map(({ _id, _source }) => [_id, _source]))).toEqual(
    byId(written.map(({ id, document }) => [id, JSON.parse(JSON.stringify(document))])),
  )
}

/** Whether a promise has resolved; one that is rejected fails the test. */
function watch(promise: Promise<void>) {
  const state = { isDone: false, error: null as unknown }
  promise.then(
    () => {
      state.isDone = true
    },
    (error: unknown) => {
      state.error = error
    },
  )
  return state
}

describe('a server that hinders the sink', () => {
  let server: ElasticsearchServer

  beforeAll(async () => {
    server = await startElasticsearch({
      profile: SELECTED_PROFILE,
      settings: { 'cluster.info.update.interval': '10s' },
    })
  }, 300_000)

  afterAll(async () => server?.remove())

  test.each(['stop', 'kill'] as const)(
    'and is away for a time (%s): writes wait for it, and then are stored',
    async (end) => {
      const prefix = `away-${end}`
      const { options, retries } = optionsOf(server, prefix)
      const written = [...failures(200), ...failures(2_000, { from: 1_000 })]
      await withSink(options, async (sink) => {
        await sink.write(written.slice(0, 200))
        await server[end]()
        const late = sink.write(written.slice(200))
        const state = watch(late)
        await eventually('it was tried again', async () => retries.length > 2)
        expect(state).toEqual({ isDone: false, error: null })
        await server.restart()
        await late
      })
      expect(retries[0]).toMatch(/cannot be reached|answered 503/)
      await expectStored(server, prefix, written)
    },
  )

  test.each([
    ['index.blocks.write', { 'index.blocks.write': true }, { 'index.blocks.write': null }],
    [
      'read_only_allow_delete',
      { 'index.blocks.read_only_allow_delete': true },
      { 'index.blocks.read_only_allow_delete': null },
    ],
  ])('with a block on the index (%s): writes wait until somebody lifts it', async (_, block, lift) => {
    const prefix = `block-${Object.keys(block)[0].replaceAll('.', '-').replaceAll('_', '-')}`
    const { options, retries } = optionsOf(server, prefix)
    const written = failures(50)
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await demand('PUT', `/${prefix}-${INDEX}/_settings`, block, server)
      const late = sink.write(written.slice(10))
      const state = watch(late)
      await eventually('it was tried again', async () => retries.length > 2)
      expect(state).toEqual({ isDone: false, error: null })
      await demand('PUT', `/${prefix}-${INDEX}/_settings`, lift, server)
      await late
    })
    expect(retries[0]).toContain('cluster_block_exception')
    await expectStored(server, prefix, written)
  })

  test('with the index closed: writes wait until somebody opens it', async () => {
    const { options, retries } = optionsOf(server, 'closed')
    const written = failures(50)
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await demand('POST', `/closed-${INDEX}/_close`, undefined, server)
      const late = sink.write(written.slice(10))
      await eventually('it was tried again', async () => retries.length > 2)
      await demand('POST', `/closed-${INDEX}/_open`, undefined, server)
      await late
    })
    expect(retries[0]).toContain('index_closed_exception')
    await expectStored(server, 'closed', written)
  })

  test('with its disk full (flood stage): writes wait, and go on by themselves when there is room', async () => {
    const { options, retries } = optionsOf(server, 'flood')
    const written = failures(3_000)
    await withSink(options, async (sink) => {
      await sink.write(written.slice(0, 10))
      await demand('PUT', '/_cluster/settings', { persistent: diskSettings(await freeBytes(server)) }, server)
      // Until the server has looked at its disk, writes go through.
      let next = 10
      while (retries.length === 0 && next < written.length - 1_000) {
        await Promise.race([sink.write(written.slice(next, next + 10)), sleep(2_000)])
        next += 10
        await sleep(200)
      }
      expect(retries[0]).toMatch(/flood-stage/)
      const late = sink.write(written.slice(next))
      await demand('PUT', '/_cluster/settings', { persistent: diskSettings(null) }, server)
      await late
    })
    await expectStored(server, 'flood', written)
  })

  test('and an index that somebody made with another mapping: what does not fit is refused with the reason, the rest is stored', async () => {
    const strange = {
      mappings: {
        properties: { '@timestamp': { type: 'date' }, error: { properties: { message: { type: 'long' } } } },
      },
    }
    const refused: RefusedDocument[] = []
    const { options } = optionsOf(server, 'mapping', { onRefused: (each) => refused.push(each) })
    const misfits = failures(20)
    const others = failures(20, { from: 100, day: 1 })
    await withSink(options, async (sink) => {
      const template = { index_patterns: [`mapping-${INDEX}`], priority: 1_000, template: strange }
      await demand('PUT', '/_index_template/mapping-strange', template, server)
      await sink.write([...misfits, ...others])
    })
    expect(refused.map(({ document }) => document.id).sort()).toEqual(misfits.map(({ id }) => id))
    expect(refused[0]).toMatchObject({ status: 400, reason: expect.stringContaining('error.message') })
    await expectStored(server, 'mapping', others)
  })

  test('and loses an index: what is written later makes it anew, with the mapping of the template', async () => {
    const { options } = optionsOf(server, 'deleted')
    const [lost, kept] = [failures(100), failures(400, { from: 1_000 })]
    await withSink(options, async (sink) => {
      await sink.write(lost)
      await demand('DELETE', `/deleted-${INDEX}`, undefined, server)
      await sink.write(kept.slice(0, 200))
      // In the middle of writing: what was stored is gone with it, so all of it is written again after that.
      const writing = sink.write(kept.slice(200))
      await ask('DELETE', `/deleted-${INDEX}`, undefined, server)
      await writing
      await sink.write(kept)
    })
    await expectStored(server, 'deleted', kept)
    const mapping = await demand<Record<string, { mappings: { dynamic: string } }>>(
      'GET',
      `/deleted-${INDEX}/_mapping`,
      undefined,
      server,
    )
    expect(mapping[`deleted-${INDEX}`].mappings.dynamic).toBe('false')
  })

  test('and may make no index by itself: the sink ends at once and says what to allow', async () => {
    const settings = (allowed: string | null) => ({ persistent: { 'action.auto_create_index': allowed } })
    const { options, retries } = optionsOf(server, 'forbidden')
    try {
      await withSink(options, async (sink) => {
        await demand('PUT', '/_cluster/settings', settings('-forbidden-*,+*'), server)
        const error = { message: expect.stringContaining('cannot make the index'), code: 'store_incompatible' }
        await expect(sink.write(failures(10))).rejects.toMatchObject(error)
        // For good: nothing is written any more, and nothing is tried again.
        await expect(sink.write(failures(10))).rejects.toMatchObject(error)
      })
    } finally {
      await demand('PUT', '/_cluster/settings', settings(null), server)
    }
    expect(retries).toEqual([])
  })

  test('and refuses documents of a run: it ends well, and the dead letters tell the reason', async () => {
    const strange = { mappings: { properties: { error: { properties: { message: { type: 'long' } } } } } }
    const template = { index_patterns: ['letters-failures-*'], priority: 1_000, template: strange }
    await demand('PUT', '/_index_template/letters-strange', template, server)
    const sandbox = new Sandbox()
    try {
      const log = sandbox.write('edgemicro-gw-1-1-api.log', `${targetHalf({ at: 0 })}\n${clientHalf({ at: 1 })}\n`)
      const environment = { LOGS: log, ELASTICSEARCH_URL: server.url, HANGUP_PREFIX: 'letters' }
      const pipeline = path.join(projectDirectory, 'pipelines/tail-to-elasticsearch.yaml')
      const run = await sandbox.hangup(['run', pipeline, '--once'], { environment, timeoutMs: 120_000 })
      expect(run).toMatchObject({ code: 0 })
      const letters = sandbox.path('state', 'tail-to-elasticsearch.dead-letters.ndjson')
      const { code, stdout } = await sandbox.hangup(['dead-letters', letters])
      expect(code).toBe(0)
      expect(stdout).toMatch(/1 document could not be stored.*elasticsearch 400/s)
      const [letter] = ndjson(fs.readFileSync(letters, 'utf8'))
      expect(letter).toMatchObject({ kind: 'refused', status: 400, reason: expect.stringContaining('error.message') })
    } finally {
      sandbox.remove()
    }
  })
})

describe('a server with no room for what is sent', () => {
  let server: ElasticsearchServer

  beforeAll(async () => {
    const settings = {
      'indexing_pressure.memory.limit': '512kb',
      'thread_pool.write.queue_size': 1,
      'node.processors': 1,
    }
    server = await startElasticsearch({ profile: SELECTED_PROFILE, settings })
  }, 300_000)

  afterAll(async () => server?.remove())

  test('refuses whole requests: they get smaller, and all is stored', async () => {
    const { options, retries } = optionsOf(server, 'whole')
    // About two megabytes in few requests: each one is more than the server takes.
    const written = failures(400, { path: `/v1/${'x'.repeat(4_000)}` })
    await withSink(options, (sink) => sink.write(written))
    expect(retries[0]).toMatch(/_bulk answered 429/)
    await expectStored(server, 'whole', written)
  })

  test('refuses single documents: they are sent again, and all is stored', async () => {
    const prefix = 'items'
    const shards = {
      index_patterns: [`${prefix}-failures-*`],
      priority: 1_000,
      template: { settings: { number_of_shards: 4 } },
    }
    const { options, retries } = optionsOf(server, prefix, { inFlight: 16, maxBatchBytes: 64 * 1024 })
    const written = failures(1_500)
    await withSink(options, async (sink) => {
      await demand('PUT', `/_index_template/${prefix}-shards`, shards, server)
      for (let start = 0; start < written.length; start += 500) await sink.write(written.slice(start, start + 500))
    })
    expect(retries.join('\n')).toMatch(/429 for \d+ of \d+ documents|_bulk answered 429/)
    await expectStored(server, prefix, written)
  })
})

describe('a server that takes requests and never answers', () => {
  test('is given up after the timeout and tried again, and holds up no stop', async () => {
    const requests: string[] = []
    const silent = net.createServer((socket) => {
      socket.on('data', (data) => requests.push(String(data).slice(0, 30)))
      socket.on('error', () => {})
    })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as net.AddressInfo
    const stop = new AbortController()
    const retries: string[] = []
    const opening = openElasticsearchSink(
      sinkOptions('silent', {
        node: `http://127.0.0.1:${port}`,
        timeoutMs: 1_000,
        patient: true,
        retry: {
          pause: (milliseconds, signal) =>
            sleep(Math.min(milliseconds, 100), undefined, { signal }).catch(() => undefined),
          random: () => 1,
          signal: stop.signal,
          onRetry: ({ message }) => retries.push(message),
        },
      }),
    )
    const ended = opening.then(
      () => 'opened',
      (error: unknown) => String(error),
    )
    await eventually('it was tried again', async () => retries.length > 1)
    expect(retries[0]).toMatch(/no answer from Elasticsearch in time/)
    stop.abort()
    expect(await ended).toMatch(/no answer from Elasticsearch in time/)
    expect(requests.length).toBeGreaterThan(1)
    silent.close()
  })
})

const WATERMARKS = ['low', 'high', 'flood_stage'].map((name) => `cluster.routing.allocation.disk.watermark.${name}`)

/** With them the disk counts as full; with null, as it is. */
function diskSettings(free: number | null): Record<string, unknown> {
  return {
    'cluster.routing.allocation.disk.threshold_enabled': free === null ? null : true,
    'cluster.info.update.interval': free === null ? null : '10s',
    ...Object.fromEntries(WATERMARKS.map((name) => [name, free === null ? null : `${free * 2}b`])),
  }
}

async function freeBytes(server: ElasticsearchServer): Promise<number> {
  type Nodes = { nodes: Record<string, { fs: { total: { available_in_bytes: number } } }> }
  const { nodes } = await demand<Nodes>('GET', '/_nodes/stats/fs', undefined, server)
  return Object.values(nodes)[0].fs.total.available_in_bytes
}
