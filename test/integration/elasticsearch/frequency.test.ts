import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ElasticsearchFrequencyStore } from '../../../src/frequency/elasticsearch.js'
import type { IndexDocument } from '../../../src/records.js'
import { describeFrequencyStore } from '../../contract/frequency-contract.js'
import { projectDirectory, Sandbox } from '../../support/cli.js'
import { failure, T0, traffic } from '../../support/documents.js'
import { corpusRun, RUNS } from '../../support/truth.js'
import { DocumentsStore, testServer } from './documents-store.js'

const everything = { by: [], everyMs: null, filter: {} } as const

describe('Elasticsearch', () => {
  const made: DocumentsStore[] = []

  afterAll(async () => {
    for (const store of made) await store.remove()
  })

  async function seed(documents: readonly IndexDocument[]): Promise<DocumentsStore> {
    const store = await DocumentsStore.make('ask')
    made.push(store)
    await store.write(documents)
    return store
  }

  const ask = (store: DocumentsStore) => new ElasticsearchFrequencyStore(store.connect(), store.prefix)

  describeFrequencyStore('elasticsearch', async (documents) => ask(await seed(documents)))

  test('answers what is stored now, without waiting for the refresh interval', async () => {
    const store = await seed([failure({ id: 'a' }), traffic({ requests: 7 })])
    expect(await ask(store).ask(everything)).toMatchObject([{ failures: 1, requests: 7 }])
    await store.write([failure({ id: 'b' })])
    expect(await ask(store).ask(everything)).toMatchObject([{ failures: 2, requests: 7 }])
  })

  test('counts more groups than a page of an answer holds', async () => {
    const store = await seed(
      Array.from({ length: 25_000 }, (_, index) => failure({ id: `m${index}`, proxy: `p${index % 12_000}` })),
    )
    const rows = await ask(store).ask({ ...everything, by: ['proxy'] })
    expect([rows.length, rows.reduce((sum, row) => sum + row.failures, 0)]).toEqual([12_000, 25_000])
  })

  test('cuts windows at the epoch before 1970 too', async () => {
    const store = await seed([failure({ id: 'old', timeMs: -90_000 }), failure({ id: 'older', timeMs: -60_001 })])
    const rows = await ask(store).ask({ ...everything, everyMs: 60_000 })
    expect(rows.map(({ startMs, failures }) => [startMs, failures])).toEqual([[-120_000, 2]])
    expect(await ask(store).ask({ ...everything, filter: { sinceMs: -60_001 } })).toMatchObject([{ failures: 1 }])
  })

  test('answers for the indices of its prefix alone', async () => {
    const store = await seed([failure({ id: 'a' })])
    const other = new ElasticsearchFrequencyStore(store.connect(), `${store.prefix}-other`)
    expect(await other.ask(everything)).toEqual([])
    const shorter = new ElasticsearchFrequencyStore(store.connect(), store.prefix.slice(0, -1))
    expect(await shorter.ask(everything)).toEqual([])
  })

  test('leaves no view of the index open', async () => {
    const store = await seed([failure({ id: 'a', timeMs: T0 })])
    const open = async () => {
      const path = '/_nodes/stats/indices/search'
      const { body } = await store.elasticsearch.request<NodeStats>({ method: 'GET', path })
      return Object.values(body.nodes).reduce((sum, { indices }) => sum + indices.search.open_contexts, 0)
    }
    const before = await open()
    for (let count = 0; count < 20; count++) await ask(store).ask({ ...everything, by: ['target'] })
    // Others may ask the same server at the same time.
    expect((await open()) - before).toBeLessThan(20)
  })
})

/** Hostile lines, rotation, statistics, client halves only, a console without a gateway's name. */
const ASKED = RUNS.filter((name) => /^(f-337|g-337-(console|rotate)|h-|i-316-b)/.test(name))

const QUESTIONS: readonly (readonly string[])[] = [
  ['--by', 'target,cause,code,status,proxy,gateway,worker,method', '--every', '1m'],
  ['--by', 'target', '--code', 'ECONNRESET'],
  ['--by', ''],
]

describe.each(ASKED)('of %s, hangup frequency', (name) => {
  const run = corpusRun(name)
  const logs = run.logs.map((log) => log.file)
  const sandbox = new Sandbox()
  let store: DocumentsStore

  beforeAll(async () => {
    store = await DocumentsStore.make('corpus')
    await fillElasticsearch(sandbox, store, logs)
    const environment = { LOGS: run.gateway === null ? logs[0] : run.directory, HANGUP_STORE: sandbox.path('s.duckdb') }
    const { code, stderr } = await sandbox.hangup(['run', SAMPLE, '--once'], { environment })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  })

  afterAll(async () => {
    sandbox.remove()
    await store.remove()
  })

  test.each(QUESTIONS.map((question) => [question.join(' '), question] as const))(
    'answers %s alike from logs, DuckDB and Elasticsearch',
    async (_, question) => {
      const ask = async (from: readonly string[]) => {
        const { code, stdout, stderr } = await sandbox.hangup(['frequency', '--json', ...question, ...from])
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
        return JSON.parse(stdout)
      }
      const fromLogs = await ask(logs)
      expect(fromLogs.rows.length).toBeGreaterThan(0)
      expect(await ask(['--store', `duckdb:${sandbox.path('s.duckdb')}`])).toEqual(fromLogs)
      expect(await ask(['--store', testServer(), '--prefix', store.prefix])).toEqual(fromLogs)
    },
  )
})

const SAMPLE = path.join(projectDirectory, 'pipelines/sample.yaml')

async function fillElasticsearch(sandbox: Sandbox, { prefix }: DocumentsStore, logs: readonly string[]): Promise<void> {
  const sinks = [{ elasticsearch: { node: testServer(), prefix } }]
  const pipeline = sandbox.write('filling.yaml', JSON.stringify({ source: { files: { paths: logs } }, sinks }))
  const { code, stderr } = await sandbox.hangup(['run', pipeline, '--once', '--state', sandbox.path('other')])
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
}

interface NodeStats {
  readonly nodes: Readonly<
    Record<string, { readonly indices: { readonly search: { readonly open_contexts: number } } }>
  >
}
