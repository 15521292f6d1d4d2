import fs from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { loadPipeline } from '../../../src/config/load.js'
import { mergeFailureDocuments } from '../../../src/pipeline/document.js'
import { loadRedactionKey } from '../../../src/pipeline/redaction-key.js'
import { reread } from '../../../src/pipeline/reread.js'
import type { IndexDocument } from '../../../src/records.js'
import { Collected } from '../../../src/verify/collect.js'
import { Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'
import { judgedTogether } from '../../support/resets.js'
import { corpusRun, RUNS } from '../../support/truth.js'
import { Filled } from './filled.js'

/** `hangup verify` of logs against indices that are filled by hand. */
class Bench {
  readonly sandbox = new Sandbox()
  readonly filled = new Filled()
  readonly state = this.sandbox.path('state')
  readonly #pipeline: string

  constructor(paths: readonly string[] | null = null) {
    const logs = paths ?? [this.sandbox.path('logs')]
    this.#pipeline = this.sandbox.write(
      'pipeline.yaml',
      JSON.stringify({
        source: { files: { paths: logs } },
        sinks: [{ elasticsearch: { node: this.filled.node, prefix: this.filled.prefix } }],
        state: { directory: this.state },
      }),
    )
  }

  /** What one pass gives, of each id one document. */
  async expected(): Promise<readonly IndexDocument[]> {
    const config = loadPipeline(fs.readFileSync(this.#pipeline, 'utf8'), { file: 'pipeline.yaml', environment: {} })
    await loadRedactionKey(this.state)
    const collected = new Collected(() => true, mergeFailureDocuments)
    await reread({
      config,
      proxies: [],
      machine: 'machine',
      stdin: process.stdin,
      signal: new AbortController().signal,
      onProblem: (problem) => {
        throw problem
      },
      onDocuments: (documents) => collected.add(documents),
    })
    return judgedTogether([...collected])
  }

  async verified() {
    const { code, stdout, stderr } = await this.sandbox.hangup(['verify', this.#pipeline, '--json'])
    if (stdout === '') throw new Error(stderr)
    const answer = JSON.parse(stdout)
    return { code, answer, differences: answer.stores[0].differences }
  }

  verify(...options: readonly string[]) {
    return this.sandbox.hangup(['verify', this.#pipeline, ...options])
  }

  async remove(): Promise<void> {
    await this.filled.remove()
    this.sandbox.remove()
  }
}

describe.each(RUNS.filter((name) => /^(d-337|f-337|g-337-(console|rotate)|h-)/.test(name)))('of %s', (name) => {
  const { logs } = corpusRun(name)
  const bench = new Bench(logs.map(({ file }) => file))

  afterAll(() => bench.remove())

  test('verify finds the indices as one pass gives them', async () => {
    const expected = await bench.expected()
    await bench.filled.put(expected)
    const { code, answer } = await bench.verified()
    expect({ code, same: answer.same, found: answer.stores[0].failures + answer.stores[0].traffic }).toEqual({
      code: 0,
      same: true,
      found: expected.length,
    })
  })
})

describe('verify against Elasticsearch', () => {
  let bench: Bench
  let expected: readonly IndexDocument[]
  const DAY_MS = 86_400_000
  const LINES = [
    infoLine({ at: 0, correlationId: 'a' }),
    targetHalf({ at: 10, correlationId: 'a' }),
    clientHalf({ at: 11, correlationId: 'a' }),
    clientHalf({ at: DAY_MS, correlationId: 'b' }),
    infoLine({ at: DAY_MS + 11, correlationId: 'c' }),
  ]

  beforeAll(() => {
    expect(process.env.HANGUP_TEST_ELASTICSEARCH_URL).toBeDefined()
  })
  beforeEach(async () => {
    bench = new Bench()
    bench.sandbox.write('logs/edgemicro-gw-1-1-api.log', LINES.map((line) => `${line}\n`).join(''))
    expected = await bench.expected()
    await bench.filled.put(expected)
  })
  afterEach(() => bench.remove())

  const failureOf = (id: string): IndexDocument & { readonly kind: 'failure' } => {
    const found = expected.find((each) => each.kind === 'failure' && each.id === id)
    if (found?.kind !== 'failure') throw new Error(`no failure ${id}`)
    return found
  }
  const remove = async (id: string): Promise<void> => {
    const { document } = failureOf(id)
    const index = bench.filled.index('failure', document['@timestamp'].slice(0, 10))
    await bench.filled.connection.request({ method: 'DELETE', path: `/${index}/_doc/${id}` })
  }
  const putInto = async (day: string, id: string, document: object): Promise<void> => {
    const path = `/${bench.filled.index('failure', day)}/_doc/${id}`
    await bench.filled.connection.request({ method: 'PUT', path, body: document })
  }

  test('finds two days of indices the same', async () => {
    const { code, answer } = await bench.verified()
    expect({ code, same: answer.same }).toEqual({ code: 0, same: true })
    const { stdout } = await bench.verify()
    expect(stdout).toContain(`elasticsearch ${bench.filled.node} ${bench.filled.prefix}: the same`)
  })

  test('tells a document that was deleted', async () => {
    await remove('b')
    expect(await bench.verified()).toMatchObject({ code: 3, differences: [{ difference: 'missing', id: 'b' }] })
  })

  test('tells a document that was changed, also in a field that is null or gone', async () => {
    const { document } = failureOf('a')
    const { '@timestamp': timestamp, server: _, ...rest } = document
    await putInto(timestamp.slice(0, 10), 'a', {
      '@timestamp': timestamp,
      ...rest,
      edgemicro: { ...document.edgemicro, worker: '9' },
    })
    const { code, differences } = await bench.verified()
    expect(code).toBe(3)
    expect(differences).toMatchObject([
      {
        difference: 'different',
        id: 'a',
        fields: [
          { field: 'edgemicro.worker', input: '3', store: '9' },
          { field: 'server.address', input: '10.0.0.9' },
          { field: 'server.port', input: 8080 },
        ],
      },
    ])
  })

  test('tells a document that was added', async () => {
    const { document } = failureOf('a')
    await putInto(document['@timestamp'].slice(0, 10), 'x', document)
    expect(await bench.verified()).toMatchObject({
      code: 3,
      differences: [{ difference: 'only_in_store', kind: 'failure', id: 'x' }],
    })
  })

  test('tells a failure that lies in the indices of two days, though both copies are right', async () => {
    const { document } = failureOf('a')
    await putInto('2031-01-01', 'a', document)
    const { code, differences } = await bench.verified()
    const first = bench.filled.index('failure', document['@timestamp'].slice(0, 10))
    expect(code).toBe(3)
    expect(differences).toMatchObject([
      { difference: 'duplicate', id: 'a', places: [first, bench.filled.index('failure', '2031-01-01')] },
    ])
  })

  test('tells that all is missing where there are no indices', async () => {
    const { node } = bench.filled
    const sinks = `sinks=[{elasticsearch: {node: ${JSON.stringify(node)}, prefix: ${bench.filled.prefix}-none}}]`
    const { code, stdout } = await bench.verify('--json', '--set', sinks)
    const [store] = JSON.parse(stdout).stores
    expect([code, store.counts.missing, store.failures]).toEqual([3, { failures: 2, traffic: 2 }, 0])
  })

  test('ends with 1 where there is no Elasticsearch', async () => {
    const result = await bench.verify('--set', 'sinks=[{elasticsearch: {node: "http://127.0.0.1:9"}}]')
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^hangup: Elasticsearch cannot be reached: http:\/\/127\.0\.0\.1:9 /)
  })
})
